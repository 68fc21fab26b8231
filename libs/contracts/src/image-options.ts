import { z } from 'zod';

/** How an image fills its box; as in CSS `object-fit`, with sharp's `inside` and `outside`. */
export const Fit = z.enum(['cover', 'contain', 'fill', 'inside', 'outside']);
export type Fit = z.infer<typeof Fit>;

/** Formats that images can be written in. */
export const ImageFormat = z.enum(['avif', 'webp', 'jpeg', 'png', 'gif']);
export type ImageFormat = z.infer<typeof ImageFormat>;

const COMPASS = [
  'center',
  'north',
  'northeast',
  'east',
  'southeast',
  'south',
  'southwest',
  'west',
  'northwest',
] as const;

/** A place in an image by the points of the compass. */
export const Compass = z.enum(COMPASS);
export type Compass = z.infer<typeof Compass>;

/** A point as fractions of width and height, from the top left corner. */
export const FocusPoint = z.strictObject({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) });

/** Which part of an image stays when it is cropped to a box. */
export const Gravity = z.union([z.enum([...COMPASS, 'entropy', 'attention']), FocusPoint]);
export type Gravity = z.infer<typeof Gravity>;

/** `#rgb`, `#rrggbb` or `#rrggbbaa`. */
export const Color = z
  .string()
  .regex(/^#(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8})$/i, 'must be a colour such as #08f, #0088ff or #0088ff80');

const Side = z.int().min(1).max(16_384);
const Margin = z.int().min(0).max(4_096);

/** Something laid over an image: an object of the caller, or words. */
export const Watermark = z
  .strictObject({
    image: z.strictObject({ object: z.uuid() }).optional().meta({ description: 'An uploaded image' }),
    text: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\p{Cc}]*$/u, 'must not contain control characters')
      .optional(),
    color: Color.optional().meta({ description: 'Of the text; default #ffffff' }),
    position: Compass.optional().meta({ description: 'Default southeast; not with tile' }),
    margin: Margin.optional().meta({
      description: 'Pixels from the edges, and between tiles; default 16, less on small images',
    }),
    scale: z.number().min(0.01).max(1).optional().meta({
      description: 'Width of the watermark as a share of that of the image, as far as its height fits; default 0.25',
    }),
    opacity: z.number().min(0).max(1).optional().meta({ description: 'Default 0.6' }),
    tile: z.boolean().optional().meta({ description: 'Repeat it over the whole image' }),
  })
  .refine(({ image, text }) => (image === undefined) !== (text === undefined), {
    message: 'name either an image or a text',
  });
export type Watermark = z.infer<typeof Watermark>;

/** Metadata that may be kept, by name. Everything else is dropped. */
export const KeptMetadata = z.enum(['copyright', 'exif', 'gps', 'xmp']);
export type KeptMetadata = z.infer<typeof KeptMetadata>;

/** Formats that lose detail to be small, so a quality can be chosen or searched for. */
export const LOSSY: readonly ImageFormat[] = ['avif', 'webp', 'jpeg'];

/** What can be done to an image; every field may be left out. Steps run in this order, whatever the order of the fields. */
export const imageOptions = {
  crop: z
    .strictObject({ left: z.int().min(0), top: z.int().min(0), width: Side, height: Side })
    .optional()
    .meta({ description: 'Cut out a part first; pixels of the upright source, of an SVG in its own units' }),
  trim: z
    .union([z.boolean(), z.strictObject({ threshold: z.number().min(0).max(255) })])
    .optional()
    .meta({ description: 'Cut off edges of one colour; threshold is the difference still taken for the same (10)' }),
  rotate: z
    .number()
    .min(-360)
    .max(360)
    .optional()
    .meta({ description: 'Degrees clockwise; corners that open are filled with background' }),
  flip: z.enum(['horizontal', 'vertical', 'both']).optional().meta({ description: 'Mirror: left-right, upside-down' }),
  width: Side.optional().meta({
    description:
      'Pixels. Width and height, times dpr, are the box: no image exceeds it, but for what fit outside and extend add. Without both the size stays',
  }),
  height: Side.optional().meta({ description: 'Pixels' }),
  dpr: z
    .number()
    .min(1)
    .max(4)
    .optional()
    .meta({ description: 'Multiplies width and height for dense screens; default 1' }),
  fit: Fit.optional().meta({ description: 'How the image fills a box of width x height; default inside' }),
  enlarge: z.boolean().optional().meta({
    description:
      'Whether a bitmap may become larger than it is; default false for inside, true for the other fits. With false, cover makes the box smaller in proportion, fill each side of it',
  }),
  gravity: Gravity.optional().meta({
    description:
      'What stays in view when cover cuts: a point of the compass (default center; contain puts the image there too), a focus point of the image as it is after crop, rotate and flip, the part with most detail (entropy) or most striking (attention)',
  }),
  extend: z
    .union([Margin, z.strictObject({ top: Margin, right: Margin, bottom: Margin, left: Margin })])
    .optional()
    .meta({ description: 'Pixels of background to add around the box' }),
  background: Color.optional().meta({
    description: 'Fills what the image does not cover or lets through. Default transparent; white in JPEG',
  }),
  blur: z.number().min(0.3).max(250).optional().meta({ description: 'Sigma of the Gaussian, in pixels' }),
  sharpen: z
    .union([z.boolean(), z.number().min(0.3).max(10)])
    .optional()
    .meta({ description: 'true, or the sigma in pixels' }),
  grayscale: z.boolean().optional(),
  tint: Color.optional().meta({ description: 'Colours the image, keeping its lightness' }),
  watermark: Watermark.optional(),
  format: ImageFormat.optional().meta({ description: 'Default webp' }),
  animated: z
    .boolean()
    .optional()
    .meta({ description: 'Keep all frames of an animated source, in webp or gif; default: the first frame' }),
  quality: z
    .union([z.int().min(1).max(100), z.literal('auto')])
    .optional()
    .meta({
      description:
        'Default 80, AVIF 50. auto: the smallest file that looks the same, found by at most 4 encodings. Not for PNG and GIF',
    }),
  lossless: z.boolean().optional().meta({ description: 'webp and avif: keep every pixel as it is' }),
  maxBytes: z
    .int()
    .min(200)
    .optional()
    .meta({ description: 'Lower the quality until the file is no larger; jpeg, webp and avif' }),
  colorProfile: z.enum(['srgb', 'keep']).optional().meta({
    description:
      'srgb (default): converted, and no profile in the file. keep: RGB colours and their ICC profile as they are; CMYK and grey are converted all the same',
  }),
  metadata: z.array(KeptMetadata).max(4).optional().meta({
    description:
      'Kept by name: copyright (artist and copyright), exif (all but the place, the thumbnail and the notes of camera makers), gps, xmp (without the place unless gps is kept; left out where it cannot be told apart). Default: nothing',
  }),
} as const;

type Options = z.output<z.ZodObject<typeof imageOptions>>;

/** Refuses options that contradict each other; for `superRefine` of every schema that has {@link imageOptions}. */
export function checkImageOptions(options: Partial<Options>, context: z.RefinementCtx): void {
  const format = options.format ?? 'webp';
  const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  const lossy = LOSSY.includes(format);
  if (options.quality !== undefined && !lossy)
    refuse('quality', `${format} has no quality: leave it out, or choose webp, avif or jpeg`);
  if (options.maxBytes !== undefined && !lossy)
    refuse('maxBytes', `${format} cannot be made smaller by quality: choose webp, avif or jpeg`);
  if (options.lossless && !['webp', 'avif'].includes(format))
    refuse('lossless', `${format} has no such mode: choose webp or avif`);
  if (options.lossless && (options.quality !== undefined || options.maxBytes !== undefined))
    refuse('lossless', 'lossless leaves nothing to choose: leave out quality and maxBytes');
  if (options.animated && !['webp', 'gif'].includes(format))
    refuse('animated', `${format} holds one frame: choose webp or gif`);
  if (
    options.animated &&
    (options.trim || options.rotate || options.watermark || options.extend || options.metadata?.length)
  )
    refuse('animated', 'trim, rotate, extend, watermark and metadata are for single frames');
  if (format === 'gif' && options.metadata?.length)
    refuse('metadata', 'gif holds none: leave it out, or choose another format');
  if (format === 'gif' && options.colorProfile === 'keep')
    refuse('colorProfile', 'gif holds no profile: leave it out, or choose another format');
  if (options.animated && options.colorProfile === 'keep') refuse('colorProfile', 'animations are sRGB: leave it out');
  if (options.watermark?.tile && options.watermark.position)
    refuse('watermark', 'a tiled watermark has no position: leave out one of the two');
}

/** What can be done to an image. */
export const ImageOptions = z.strictObject(imageOptions).superRefine(checkImageOptions).meta({ id: 'ImageOptions' });
export type ImageOptions = z.infer<typeof ImageOptions>;

/** The objects that options name, with where they stand in them (JSON pointer). */
export function objectsIn({ watermark }: Pick<Options, 'watermark'>): { id: string; pointer: string }[] {
  return watermark?.image ? [{ id: watermark.image.object, pointer: '/watermark/image/object' }] : [];
}
