import type { SupabaseGrant } from '@tandem/contracts/supabase-grants';
import { Rejected } from '@tandem/messaging/outcome';

/** A grant that has not ended. Throws `Rejected` that says to submit again. */
export function usable(grant: SupabaseGrant | undefined, what: 'read' | 'write'): SupabaseGrant {
  if (!grant)
    throw new Rejected(
      'forbidden',
      `The job came without a permission to ${what} in Supabase Storage. Submit it again.`,
    );
  const { bucket, path, expiresAt } = grant;
  if (Date.parse(expiresAt) <= Date.now()) throw permissionEnded(`${bucket}/${path}`, what, expiresAt);
  return grant;
}

/** The permission has ended before the job could use it. */
export function permissionEnded(name: string, what: 'read' | 'write', at?: string): Rejected {
  const when = at === undefined ? 'has ended' : `ended at ${at}`;
  return new Rejected(
    'forbidden',
    `The permission to ${what} ${name} ${when}, before the job used it. Submit it again.`,
  );
}
