import { type ResultStore, storedFile } from '@tandem/contracts/file-source';
import { grantFor } from '@tandem/contracts/supabase-grants';
import type { JobContext } from '@tandem/messaging/handler';
import { putSupabaseObject } from '@tandem/supabase/put-supabase-object';

/** Writes what a job made to the place in Supabase Storage that its caller named. Repeating it changes nothing. */
export async function storeResult(
  store: ResultStore,
  job: JobContext,
  name: string,
  { data, type, signal }: { data: Uint8Array; type: string; signal: AbortSignal },
): Promise<void> {
  const grant = grantFor(job.supabase?.writes, storedFile(store, name, type.slice(type.indexOf('/') + 1)));
  await putSupabaseObject(grant, data, { type, again: job.again === true, signal });
}
