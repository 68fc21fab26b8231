import { z } from 'zod';

/** A file in Supabase Storage that a command reads, and where the request named it (JSON pointer into the input). */
export interface SupabaseRead {
  bucket: string;
  path: string;
  pointer: string;
}

/** A file in Supabase Storage that a command writes. */
export interface SupabaseWrite extends SupabaseRead {
  /** Whether it may replace a file that is there. */
  upsert: boolean;
}

/** What Supabase Storage allowed the caller for one file. Whoever has the URL may use it: keep it out of views and logs. */
export const SupabaseGrant = z.object({
  bucket: z.string(),
  path: z.string(),
  url: z.string(),
  expiresAt: z.iso.datetime(),
});
export type SupabaseGrant = z.infer<typeof SupabaseGrant>;

/** The grants of a job. They travel with its command, beside its input. */
export const SupabaseGrants = z.object({ reads: z.array(SupabaseGrant), writes: z.array(SupabaseGrant) });
export type SupabaseGrants = z.infer<typeof SupabaseGrants>;

/** The grant for one file. */
export function grantFor(
  grants: readonly SupabaseGrant[] | undefined,
  { bucket, path }: { bucket: string; path: string },
): SupabaseGrant | undefined {
  return grants?.find((grant) => grant.bucket === bucket && grant.path === path);
}
