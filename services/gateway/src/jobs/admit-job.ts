import { createHash } from 'node:crypto';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { JobView } from '@tandem/contracts/job';
import type { StoredObject } from '@tandem/contracts/object';
import type { SupabaseGrants } from '@tandem/contracts/supabase-grants';
import { jobsAdmitted } from '@tandem/telemetry/metrics';
import { traceParent } from '@tandem/telemetry/propagation';
import type { Pool, PoolClient } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { Batcher } from './batcher.js';
import { newJobId } from './job-id.js';
import { laneNumber } from './job-row.js';
import type { Plan } from './plan-job.js';

/** How long the admitting process has to publish a job before the dispatcher does it. */
export const PUBLISH_LEASE_MS = 10_000;

/** A validated request for a job. */
export interface Submission {
  command: CommandDefinition;
  input: unknown;
  /** The input before presets and templates were filled in, where it named some. */
  sent?: unknown;
  objects?: Record<string, StoredObject>;
  supabase?: SupabaseGrants;
  principal: Pick<Principal, 'tenant' | 'actor'>;
  plan: Plan;
  /** Its tenant's window is full: the job stays in the ledger until there is room. */
  waiting?: boolean;
  batch?: string;
  replayOf?: string;
  idempotencyKey?: string;
  /** What the idempotency key stands for, when that is not command and input alone. */
  requested?: unknown;
}

/** A job that stands in the ledger: a new one, or the one that the idempotency key had already. */
export type Admitted = { id: string; created: true; view: JobView } | { id: string; created: false };

/** A job about to be inserted. */
export interface NewJob {
  id: string;
  submission: Submission;
  hash: Buffer | null;
  createdAt: Date;
  traceParent: string | null;
}

// One statement for all concurrent requests: one round trip and one fsync. A single JSON parameter costs the client a third
// less than an array for every column. Caller's JSON travels as text inside it, since U+0000 may stand in it.
const INSERT = `
  WITH admitted AS (
    INSERT INTO gateway.jobs
      (id, tenant, actor, command, input, objects, idempotency_key, request_hash, attempts, trace_parent, created_at,
       moved_at, lane, timeout_ms, backoff, tags, parent, batch, replay_of, run_at, expires_at, callback, supabase, waiting, due_at)
    SELECT id, tenant, actor, command, input::json, objects::json, key, decode(hash, 'hex'), attempts, trace, created,
      created, lane, timeout, backoff, tags, parent, batch, replay, run, expires, callback, supabase, waiting,
      CASE WHEN NOT waiting THEN coalesce(run, now() + interval '${PUBLISH_LEASE_MS} ms') END
    FROM json_to_recordset($1)
      AS job (id uuid, tenant text, actor text, command text, input text, objects text, key text, hash text, attempts int,
        trace text, created timestamptz, lane int, timeout int, backoff json, tags text[], parent uuid, batch uuid,
        replay uuid, run timestamptz, expires timestamptz, callback json, supabase json, waiting boolean)
    ON CONFLICT DO NOTHING
    RETURNING id, tenant, tags
  ), tagged AS (
    INSERT INTO gateway.job_tags (tenant, tag, job) SELECT tenant, tag, id FROM admitted, unnest(tags) AS tag
  )
  SELECT id FROM admitted`;

const FIND_BY_KEY = `
  SELECT id, request_hash FROM gateway.jobs WHERE tenant = $1 AND actor = $2 AND idempotency_key = $3`;

/** Puts jobs into the ledger. When `admit` resolves, the job is on disk and can be fetched. */
export class JobAdmission {
  readonly #batcher: Batcher<NewJob, boolean>;

  constructor(private readonly pool: Pool) {
    this.#batcher = new Batcher((jobs) => insertJobs(pool, jobs), { size: 500, lanes: 2 });
  }

  /** Throws a `Problem` `idempotency_mismatch` when the key belongs to another request. */
  async admit(submission: Submission, now: Date): Promise<Admitted> {
    const job = newJob(submission, now);
    if (await this.#batcher.add(job)) {
      jobsAdmitted.inc({ command: submission.command.type });
      return { id: job.id, created: true, view: acceptedView(job) };
    }
    return { id: await this.#existing(submission, job.hash!), created: false };
  }

  async #existing({ principal, idempotencyKey }: Submission, hash: Buffer): Promise<string> {
    const { rows } = await this.pool.query<{ id: string; request_hash: Buffer }>(FIND_BY_KEY, [
      principal.tenant,
      principal.actor,
      idempotencyKey,
    ]);
    const job = rows[0];
    if (!job) throw new Error('an idempotency key conflicted, but its job is gone');
    if (job.request_hash.equals(hash)) return job.id;
    throw new Problem(
      'idempotency_mismatch',
      'This Idempotency-Key was used for another request. Send the same body, or choose a new key.',
    );
  }
}

/** Gives a submission its id and its time. */
export function newJob(submission: Submission, createdAt: Date): NewJob {
  const hash = submission.idempotencyKey === undefined ? null : requestHash(submission);
  return { id: newJobId(), submission, hash, createdAt, traceParent: traceParent() ?? null };
}

/** Inserts jobs; tells of each whether it is new, in their order. */
export async function insertJobs(client: Pool | PoolClient, jobs: NewJob[]): Promise<boolean[]> {
  const { rows } = await client.query<{ id: string }>(INSERT, [JSON.stringify(jobs.map(rowOf))]);
  if (rows.length === jobs.length) return jobs.map(() => true);
  const inserted = new Set(rows.map((row) => row.id));
  return jobs.map((job) => inserted.has(job.id));
}

function rowOf({ id, submission, hash, createdAt, traceParent }: NewJob) {
  const { principal, command, plan } = submission;
  return {
    id,
    tenant: principal.tenant,
    actor: principal.actor,
    command: command.type,
    input: JSON.stringify(submission.input),
    objects: submission.objects && JSON.stringify(submission.objects),
    key: submission.idempotencyKey,
    hash: hash?.toString('hex'),
    attempts: plan.attempts,
    trace: traceParent,
    created: createdAt,
    lane: laneNumber(plan.lane),
    timeout: plan.timeoutMs,
    backoff: plan.backoff,
    tags: plan.tags,
    parent: plan.parent,
    batch: submission.batch,
    replay: submission.replayOf,
    run: plan.runAt,
    expires: plan.expiresAt,
    callback: plan.callback && { ...plan.callback, host: new URL(plan.callback.url).host },
    supabase: submission.supabase,
    waiting: submission.waiting === true,
  };
}

/** What a reader of the new row would see. */
export function acceptedView({ id, submission, createdAt, traceParent }: NewJob): JobView {
  const { command, plan } = submission;
  return {
    id,
    command: command.type,
    status: 'accepted',
    attempt: 0,
    attempts: plan.attempts,
    priority: plan.lane,
    tags: plan.tags.length > 0 ? plan.tags : undefined,
    parent: plan.parent,
    batch: submission.batch,
    replayOf: submission.replayOf,
    createdAt: createdAt.toISOString(),
    runAt: plan.runAt?.toISOString(),
    expiresAt: plan.expiresAt?.toISOString(),
    traceId: traceParent?.split('-')[1],
    callback: plan.callback && { url: plan.callback.url, status: 'pending', attempts: 0 },
  };
}

/**
 * The validated input is hashed, defaults filled in, so that spelling and order of keys do not matter; but no presets and no
 * versions of templates, so that a request stays the same when those change.
 */
function requestHash({ command, input, sent = input, requested }: Submission): Buffer {
  const hash = createHash('sha256').update(command.type).update('\n').update(JSON.stringify(sent));
  if (requested !== undefined) hash.update('\n').update(JSON.stringify(requested));
  return hash.digest();
}
