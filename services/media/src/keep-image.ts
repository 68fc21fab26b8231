import { createHash } from 'node:crypto';
import type { ImageFormat } from '@tandem/contracts/image-options';
import type { ImageResult } from '@tandem/contracts/media';
import { objectKey } from '@tandem/contracts/object';
import type { ObjectStore } from '@tandem/storage/object-store';
import { producedId } from './produced-id.js';

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
  const sha256 = createHash('sha256').update(data).digest('hex');
  const key = objectKey(job.tenant, sha256);
  await store.write(key, data);
  return { id: producedId(job.id, name), key, size: data.length, type: `image/${image.format}`, sha256, ...image };
}
