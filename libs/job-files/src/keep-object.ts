import { createHash } from 'node:crypto';
import { objectKey, type StoredObject } from '@tandem/contracts/object';
import type { ObjectStore } from '@tandem/storage/object-store';
import { producedId } from './produced-id.js';

/** Bytes that a job made, and their media type. */
export interface MadeFile {
  data: Uint8Array;
  type: string;
}

/**
 * Stores what a job made under the name `name`, which is unique in the job. Repeating it changes nothing: the key is the
 * content's, the id follows from job and name. Return it where the command's `produces` finds it, or it is collected.
 */
export async function keepObject(
  store: ObjectStore,
  job: { id: string; tenant: string },
  name: string,
  { data, type }: MadeFile,
): Promise<StoredObject> {
  const sha256 = createHash('sha256').update(data).digest('hex');
  const key = objectKey(job.tenant, sha256);
  await store.write(key, data);
  return { id: producedId(job.id, name), key, size: data.length, type, sha256 };
}
