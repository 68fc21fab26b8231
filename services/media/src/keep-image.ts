import type { ImageFormat } from '@tandem/contracts/image-options';
import type { ImageResult } from '@tandem/contracts/media';
import { keepObject } from '@tandem/job-files/keep-object';
import type { ObjectStore } from '@tandem/storage/object-store';

/** An image that was made. */
export interface EncodedImage extends Pick<ImageResult, 'width' | 'height' | 'frames' | 'quality' | 'similarity'> {
  data: Buffer;
  format: ImageFormat;
}

/** Stores an image that a job made under the name `name`. Repeating it changes nothing. */
export async function keepImage(
  store: ObjectStore,
  job: { id: string; tenant: string },
  name: string,
  { data, ...image }: EncodedImage,
): Promise<ImageResult> {
  return { ...(await keepObject(store, job, name, { data, type: `image/${image.format}` })), ...image };
}
