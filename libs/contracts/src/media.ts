import { z } from 'zod';
import { defineCommand } from './command.js';
import { FileSource, ResultStore, sourceFile, sourceObject, storedFile } from './file-source.js';
import { checkImageOptions, ImageFormat, imageOptions, KeptMetadata, objectsIn } from './image-options.js';
import { type ObjectReference, StoredObject } from './object.js';

/** Media types of images. */
const IMAGES = ['image/'];

/** `card`, or `card@3` for a version of it. */
export const PresetName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}(?:@[1-9][0-9]{0,5})?$/, 'must be the name of a preset, such as card or card@3');

/** One output image of a transformation. */
export const Rendition = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits, "-" or "_"')
      .meta({ description: 'Unique within the request', example: 'thumb' }),
    preset: PresetName.optional().meta({
      description:
        'Options kept under a name; those given beside it go before. The job keeps the version of its admission',
    }),
    ...imageOptions,
  })
  // Without its preset, that is; the gateway checks again when it has filled that in.
  .superRefine(checkImageOptions);
export type Rendition = z.infer<typeof Rendition>;

/** A finished image: an object that `GET /v1/objects/{id}` serves. */
export const ImageResult = StoredObject.extend({
  format: ImageFormat,
  width: z.int().positive(),
  height: z.int().positive().meta({ description: 'Of one frame' }),
  frames: z.int().positive().optional().meta({ description: 'When there are several' }),
  quality: z.int().optional().meta({ description: 'What was found, when it was searched for' }),
  similarity: z.number().optional().meta({
    description: 'Multi-scale SSIM of the luminance against the same pixels uncompressed, for quality auto; 1 is equal',
  }),
});
export type ImageResult = z.infer<typeof ImageResult>;

/** A finished rendition. */
export const RenditionResult = ImageResult.extend({ name: z.string() });
export type RenditionResult = z.infer<typeof RenditionResult>;

const SourceView = z.object({ width: z.int(), height: z.int(), format: z.string() });
const HexColor = z.string().regex(/^#[0-9a-f]{6}$/);

export const TransformImage = defineCommand('media.transform', {
  summary: 'Resize, convert and optimise one image into 1 to 20 renditions',
  input: z
    .strictObject({
      source: FileSource,
      renditions: z.array(Rendition).min(1).max(20),
      placeholders: z
        .boolean()
        .default(true)
        .meta({ description: 'Whether the result has a ThumbHash and the dominant colour' }),
      store: ResultStore.optional(),
    })
    .refine(({ renditions }) => new Set(renditions.map((r) => r.name)).size === renditions.length, {
      path: ['renditions'],
      message: 'every rendition needs a name of its own',
    }),
  output: z.object({
    source: SourceView,
    renditions: z.array(RenditionResult),
    thumbHash: z.string().optional().meta({ description: 'ThumbHash placeholder, base64' }),
    dominantColor: HexColor.optional(),
  }),
  timeout: '60s',
  attempts: 5,
  scope: 'media:write',
  reads: ({ source, renditions }) => [...sourceObject(source, IMAGES), ...renditions.flatMap(watermarksOf)],
  supabaseReads: ({ source }) => sourceFile(source),
  supabaseWrites: ({ store, renditions }) =>
    store ? renditions.map(({ name, format = 'webp' }) => storedFile(store, name, format)) : [],
  produces: ({ renditions }) => renditions,
  presets: {
    named: ({ renditions }) =>
      renditions.flatMap(({ preset }, index) => (preset ? [{ preset, pointer: `/renditions/${index}/preset` }] : [])),
    fill: (input, presetOf) => ({
      ...input,
      renditions: input.renditions.map((rendition) => {
        const { reference, options } = (rendition.preset && presetOf(rendition.preset)) || {};
        return reference ? { ...options, ...rendition, preset: reference } : rendition;
      }),
    }),
  },
});

export const InspectImage = defineCommand('media.inspect', {
  summary: 'Tell what an image is: format, size, colours, placeholders, safe metadata',
  input: z.strictObject({ source: FileSource }),
  output: z.object({
    format: z.string(),
    type: z.string().meta({ description: 'Media type, by the bytes' }),
    size: z.int().meta({ description: 'Bytes' }),
    width: z.int().meta({ description: 'Pixels, upright' }),
    height: z.int(),
    frames: z.int(),
    durationMs: z.int().optional().meta({ description: 'Of an animation, once through' }),
    orientation: z.int().min(1).max(8).meta({ description: 'EXIF orientation of the stored pixels; 1 is upright' }),
    colorSpace: z.string().meta({ description: 'rgb, gray, cmyk or lab; which rgb, iccProfile says (none: sRGB)' }),
    bitDepth: z.int().meta({ description: 'Bits for each channel' }),
    channels: z.int(),
    hasAlpha: z.boolean().meta({ description: 'Whether there is an alpha channel' }),
    isOpaque: z.boolean().meta({ description: 'Whether every pixel is fully opaque' }),
    iccProfile: z.string().optional().meta({ description: 'Its description, such as Display P3' }),
    density: z.number().optional().meta({ description: 'Dots per inch' }),
    exif: z
      .record(z.string(), z.union([z.string(), z.number()]))
      .meta({ description: 'A safe subset: camera, lens, exposure, time, artist, copyright; never the place' }),
    hasGps: z.boolean().meta({ description: 'Whether the file says where it was taken' }),
    dominantColor: HexColor,
    palette: z.array(z.object({ color: HexColor, share: z.number() })).meta({ description: 'Up to 6, fullest first' }),
    blurHash: z.string(),
    thumbHash: z.string().meta({ description: 'Base64' }),
    perceptualHash: z
      .string()
      .regex(/^[0-9a-f]{16}$/)
      .meta({ description: '64 bits of the DCT (pHash); a Hamming distance up to 10 means alike' }),
    entropy: z.number().meta({ description: 'Bits of the grey histogram; photographs have 6 to 8' }),
    sharpness: z.number().meta({
      description:
        'How strong edges are, at 512 pixels a side: about 1 when blurred, 3 and more when crisp. Compare within a series',
    }),
  }),
  timeout: '60s',
  attempts: 5,
  scope: 'media:read',
  reads: ({ source }) => sourceObject(source, IMAGES),
  supabaseReads: ({ source }) => sourceFile(source),
});

export const OptimizeImage = defineCommand('media.optimize', {
  summary: 'Make an image file smaller in its own format, with no visible change',
  input: z.strictObject({
    source: FileSource,
    maxBytes: imageOptions.maxBytes,
    metadata: z.array(KeptMetadata).max(4).optional().meta({ description: 'Kept by name; default: copyright' }),
    store: ResultStore.optional(),
  }),
  output: z.object({
    source: SourceView.extend({ size: z.int() }),
    image: ImageResult.optional().meta({ description: 'Absent when nothing could be saved: the source is best' }),
    saved: z.object({ bytes: z.int(), percent: z.number() }),
  }),
  timeout: '60s',
  attempts: 5,
  scope: 'media:write',
  reads: ({ source }) => sourceObject(source, IMAGES),
  supabaseReads: ({ source }) => sourceFile(source),
  // In which format is known only when the source has been read.
  supabaseWrites: ({ store }) =>
    store ? ImageFormat.options.map((format) => storedFile(store, 'optimized', format)) : [],
  produces: ({ image }) => (image ? [image] : []),
});

function watermarksOf(rendition: Rendition, index: number): ObjectReference[] {
  return objectsIn(rendition).map(({ id, pointer }) => ({
    id,
    pointer: `/renditions/${index}${pointer}`,
    accepts: ['image/'],
  }));
}
