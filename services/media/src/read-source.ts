import { buffer } from 'node:stream/consumers';
import type { StoredObject } from '@tandem/contracts/object';
import { Rejected } from '@tandem/messaging/outcome';
import { ObjectMissing, type ObjectStore } from '@tandem/storage/object-store';

/** The bytes of the source object. Throws `Rejected` when it is larger than `maxMegabytes` or is gone. */
export async function readSource(
  store: ObjectStore,
  object: StoredObject | undefined,
  maxMegabytes: number,
): Promise<Buffer> {
  if (!object) throw gone();
  if (object.size > maxMegabytes * 1_000_000) {
    const detail = `The source has ${object.size} bytes; images may have ${maxMegabytes} megabytes. Upload a smaller file.`;
    throw new Rejected('payload_too_large', detail);
  }
  try {
    return await buffer(await store.read(object.key));
  } catch (error) {
    throw error instanceof ObjectMissing ? gone(error) : error;
  }
}

function gone(cause?: Error): Rejected {
  return new Rejected('not_found', 'The source object no longer exists. Upload it again and send its new id.', {
    cause,
  });
}
