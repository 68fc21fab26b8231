import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { SupabaseGrant } from '@tandem/contracts/supabase-grants';
import { EgressFailed, EgressTimedOut, EgressTooLarge } from '@tandem/egress/errors';
import { AttemptFailed, Rejected } from '@tandem/messaging/outcome';
import { permissionEnded, usable } from './permission.js';
import { storageEgress } from './storage-egress.js';
import { refusalOf } from './storage-refusal.js';

/**
 * Writes a file of Supabase Storage to the file `to`, by the permission that the caller had at admission. Throws `Rejected`
 * when that has ended, or the file is gone or too large, `AttemptFailed` when it may succeed later, or the signal's reason.
 */
export async function readSupabaseObject(
  grant: SupabaseGrant | undefined,
  to: string,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<void> {
  const { bucket, path, url } = usable(grant, 'read');
  const name = `${bucket}/${path}`;
  try {
    const response = await storageEgress(url).fetch(url, { signal, maxBytes, maxRedirects: 0 });
    if (response.status === 200) return await pipeline(response.body, createWriteStream(to), { signal });
    const kind = await refusalOf(response);
    if (kind === 'expired') throw permissionEnded(name, 'read');
    if (kind === 'unavailable') throw away(name);
    throw new Rejected('not_found', `${name} is no longer in Supabase Storage. Submit a file that is there.`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EgressTooLarge)
      throw new Rejected('payload_too_large', `${name} is too large. ${error.detail} Send a smaller file.`, {
        cause: error,
      });
    if (error instanceof EgressTimedOut || (error instanceof EgressFailed && error.passing)) throw away(name, error);
    throw error;
  }
}

function away(name: string, cause?: Error): AttemptFailed {
  return new AttemptFailed('source_unreachable', `${name} cannot be read: Supabase Storage does not answer.`, {
    cause,
  });
}
