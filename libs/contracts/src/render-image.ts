import { z } from 'zod';
import { ImageOptions } from './image-options.js';
import { StoredObject } from './object.js';
import { defineQuery } from './query.js';

/**
 * Part of the key of every cached image. Raise it when the media service draws an image otherwise than before from the same
 * source and options: caches then begin anew.
 */
export const RENDER_VERSION = 1;

/** One image, made while somebody waits for it; the body of the answer is the image. */
export const RenderImage = defineQuery('media.render', {
  summary: 'Make one image from an object while the caller waits',
  input: z.object({
    tenant: z.string(),
    source: StoredObject,
    options: ImageOptions,
    /** The objects that the options name, by id. */
    objects: z.record(z.uuid(), StoredObject).optional(),
  }),
  output: z.object({ type: z.string(), width: z.int(), height: z.int() }),
  timeout: '30s',
});
