import type { SupabaseGrant } from '@tandem/contracts/supabase-grants';
import { EgressFailed, EgressTimedOut } from '@tandem/egress/errors';
import { AttemptFailed, Rejected } from '@tandem/messaging/outcome';
import { permissionEnded, usable } from './permission.js';
import { storageEgress } from './storage-egress.js';
import { type RefusalKind, refusalOf } from './storage-refusal.js';

/** What is written, and whether an earlier run of the job may have written it. */
export interface PutOptions {
  /** Media type. */
  type: string;
  /** A file that is there already is then taken for our own: there was none when the job was admitted. */
  again: boolean;
  signal: AbortSignal;
}

/**
 * Writes a file to Supabase Storage by the permission that its caller had at admission. Throws `Rejected` when that has
 * ended or Storage refuses for good, `AttemptFailed` when it may succeed later, or the signal's reason.
 */
export async function putSupabaseObject(
  grant: SupabaseGrant | undefined,
  bytes: Uint8Array,
  { type, again, signal }: PutOptions,
): Promise<void> {
  const { bucket, path, url } = usable(grant, 'write');
  const name = `${bucket}/${path}`;
  const headers = { 'content-type': type, 'cache-control': 'max-age=3600' };
  try {
    const request = { method: 'PUT', headers, body: bytes, signal, maxRedirects: 0, maxBytes: 100_000 };
    const response = await storageEgress(url).fetch(url, request);
    if (response.status === 200) return response.discard();
    const kind = await refusalOf(response);
    if (kind === 'exists' && again) return;
    throw refused(kind, name);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EgressTimedOut || (error instanceof EgressFailed && error.passing))
      throw new AttemptFailed('unavailable', `${name} cannot be written: Supabase Storage does not answer.`, {
        cause: error,
      });
    throw error;
  }
}

function refused(kind: RefusalKind, name: string): Error {
  if (kind === 'unavailable')
    return new AttemptFailed('unavailable', `${name} cannot be written: Supabase Storage cannot take it now.`);
  if (kind === 'expired') return permissionEnded(name, 'write');
  if (kind === 'exists')
    return new Rejected('conflict', `${name} is there already. Choose another path, or set upsert, and submit again.`);
  if (kind === 'too-large')
    return new Rejected('payload_too_large', `${name} is larger than its bucket takes. Ask for a smaller rendition.`);
  return new Rejected(
    'forbidden',
    `Supabase Storage does not take ${name}. Check the bucket's allowed types, and submit the job again.`,
  );
}
