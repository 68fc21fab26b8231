import type { ErrorCode } from '@tandem/contracts/errors';
import type { SupabaseRead } from '@tandem/contracts/supabase-grants';
import { EgressError } from '@tandem/egress/errors';
import { StorageRefused } from '@tandem/supabase/storage-client';
import type { RefusalKind } from '@tandem/supabase/storage-refusal';
import { Problem } from '../http/problem.js';

const AWAY = 'Supabase Storage does not answer. Send the request again.';

const REFUSALS: Record<Exclude<RefusalKind, 'unavailable'>, [ErrorCode, string]> = {
  'not-found': ['not_found', 'there is no such bucket, or it is not yours to use'],
  forbidden: ['forbidden', 'the row-level security of Supabase Storage does not let you'],
  expired: ['forbidden', 'Supabase says that your access token has ended; refresh the session'],
  exists: ['conflict', 'there is a file already; choose another path, or set upsert'],
  invalid: ['invalid_input', 'Supabase Storage does not take this bucket or path'],
  'too-large': ['payload_too_large', 'Supabase Storage finds it too large'],
};

/** A `Problem` that names a part of the request. */
export function refuse(code: ErrorCode, pointer: string, detail: string): Problem {
  return new Problem(code, `${pointer}: ${detail}`, [{ pointer, detail }]);
}

/** What a caller is told of a refusal of Storage, or of its silence. Other errors stay what they are. */
export function refusedAccess(error: unknown, { pointer, path }: SupabaseRead, what: 'read' | 'write'): unknown {
  if (error instanceof EgressError) return away(error);
  if (!(error instanceof StorageRefused)) return error;
  if (error.kind === 'unavailable') return away(error);
  const [code, detail] = REFUSALS[error.kind];
  return refuse(code, pointer, `${detail}${what === 'write' ? ` (to write ${path})` : ''}`);
}

function away(cause: Error): Problem {
  return Object.assign(new Problem('unavailable', AWAY, undefined, { 'Retry-After': '5' }), { cause });
}
