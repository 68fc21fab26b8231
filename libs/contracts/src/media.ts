import { z } from 'zod';
import { defineCommand } from './command.js';
import { StoredObject } from './object.js';

/** How an image fills its box; as in CSS `object-fit`, with sharp's `inside` and `outside`. */
export const Fit = z.enum(['cover', 'contain', 'fill', 'inside', 'outside']);

/** Formats that renditions can have. */
export const ImageFormat = z.enum(['avif', 'webp', 'jpeg', 'png']);
export type ImageFormat = z.infer<typeof ImageFormat>;

const Pixels = z.int().min(1).max(16_384);

/** One output image of a transformation. */
export const Rendition = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits, "-" or "_"')
      .meta({ description: 'Unique within the request', example: 'thumb' }),
    width: Pixels.optional().meta({ description: 'Pixels. Without width and height the size stays.' }),
    height: Pixels.optional().meta({ description: 'Pixels' }),
    fit: Fit.default('inside').meta({ description: 'How the image fills a box of width x height' }),
    format: ImageFormat.default('webp'),
    quality: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Default 80, AVIF 50; PNG is lossless and has none' }),
  })
  .refine((r) => r.format !== 'png' || r.quality === undefined, {
    path: ['quality'],
    message: 'PNG is lossless: leave quality out, or choose webp, avif or jpeg',
  });
export type Rendition = z.infer<typeof Rendition>;

/** A finished rendition: an object that `GET /v1/objects/{id}` serves. */
export const RenditionResult = StoredObject.extend({
  name: z.string(),
  format: ImageFormat,
  width: z.int().positive(),
  height: z.int().positive(),
});
export type RenditionResult = z.infer<typeof RenditionResult>;

export const TransformImage = defineCommand('media.transform', {
  summary: 'Resize, convert and optimise one image into 1 to 20 renditions',
  input: z
    .strictObject({
      source: z.strictObject({ object: z.uuid().meta({ description: 'Id of an uploaded object' }) }),
      renditions: z.array(Rendition).min(1).max(20),
    })
    .refine(({ renditions }) => new Set(renditions.map((r) => r.name)).size === renditions.length, {
      path: ['renditions'],
      message: 'every rendition needs a name of its own',
    }),
  output: z.object({
    source: z.object({ width: z.int(), height: z.int(), format: z.string() }),
    renditions: z.array(RenditionResult),
    thumbHash: z.string().meta({ description: 'ThumbHash placeholder, base64' }),
    dominantColor: z.string().regex(/^#[0-9a-f]{6}$/),
  }),
  timeout: '60s',
  attempts: 5,
  scope: 'media:write',
  reads: ({ source }) => [{ id: source.object, pointer: '/source/object', accepts: ['image/'] }],
  produces: ({ renditions }) => renditions,
});
