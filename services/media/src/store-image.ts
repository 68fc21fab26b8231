import type { ImageFormat } from '@tandem/contracts/image-options';
import { type ResultStore, storedFile } from '@tandem/contracts/image-source';
import { grantFor } from '@tandem/contracts/supabase-grants';
import type { JobContext } from '@tandem/messaging/handler';
import { putSupabaseObject } from '@tandem/supabase/put-supabase-object';

/** Writes an image that a job made to the place that its caller named. Repeating it changes nothing. */
export async function storeImage(
  store: ResultStore,
  job: JobContext,
  name: string,
  { data, format, signal }: { data: Uint8Array; format: ImageFormat; signal: AbortSignal },
): Promise<void> {
  const grant = grantFor(job.supabase?.writes, storedFile(store, name, format));
  await putSupabaseObject(grant, data, { type: `image/${format}`, again: job.again === true, signal });
}
