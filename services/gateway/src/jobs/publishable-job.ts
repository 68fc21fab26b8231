import type { Catalog } from '@tandem/contracts/catalog';
import type { Backoff } from '@tandem/contracts/job-options';
import type { StoredObject } from '@tandem/contracts/object';
import type { SupabaseGrants } from '@tandem/contracts/supabase-grants';
import type { Publication } from '@tandem/messaging/command-publisher';
import { laneOf } from './job-row.js';

/** The columns of {@link PublishableJob}, for `RETURNING`. */
export const PUBLISHABLE = `
  j.id, j.tenant, j.actor, j.command, j.input, j.objects, j.supabase, j.run, j.attempt, j.attempts, j.status, j.lane, j.timeout_ms,
  j.backoff, j.expires_at, j.trace_parent, j.cancel_requested_at`;

/** A row of the ledger, as far as the broker needs to know it. */
export interface PublishableJob {
  id: string;
  tenant: string;
  actor: string;
  command: string;
  input: unknown;
  objects: Record<string, StoredObject> | null;
  supabase: SupabaseGrants | null;
  run: number;
  attempt: number;
  attempts: number;
  status: string;
  lane: number;
  timeout_ms: number | null;
  backoff: Backoff | null;
  expires_at: Date | null;
  trace_parent: string | null;
  cancel_requested_at: Date | null;
}

/** Undefined when the catalog has no such command. */
export function publicationOf(job: PublishableJob, catalog: Catalog): Publication | undefined {
  const command = catalog.get(job.command);
  if (!command) return undefined;
  // A job that the broker lost while it ran is run again: the same run, as if JetStream had redelivered it.
  const again = job.status === 'running';
  return {
    jobId: job.id,
    tenant: job.tenant,
    actor: job.actor,
    command,
    input: job.input,
    objects: job.objects ?? undefined,
    supabase: job.supabase ?? undefined,
    run: again ? job.run : job.run + 1,
    attempt: again ? job.attempt : job.attempt + 1,
    attempts: job.attempts,
    lane: laneOf(job.lane),
    timeoutMs: job.timeout_ms ?? undefined,
    backoff: job.backoff ?? undefined,
    expiresAt: job.expires_at ?? undefined,
  };
}
