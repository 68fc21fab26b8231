import { createHash } from 'node:crypto';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { JobView } from '@tandem/contracts/job';
import type { StoredObject } from '@tandem/contracts/object';
import { jobsAdmitted } from '@tandem/telemetry/metrics';
import { traceParent } from '@tandem/telemetry/propagation';
import type { Pool } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { Batcher } from './batcher.js';
import { newJobId } from './job-id.js';

/** How long the admitting process has to publish a job before the dispatcher does it. */
export const PUBLISH_LEASE_MS = 10_000;

/** A validated request for a job. */
export interface Submission {
  command: CommandDefinition;
  input: unknown;
  objects?: Record<string, StoredObject>;
  principal: Principal;
  idempotencyKey?: string;
}

/** A job that stands in the ledger: a new one, or the one that the idempotency key had already. */
export type Admitted = { id: string; created: true; view: JobView } | { id: string; created: false };

interface Row {
  id: string;
  submission: Submission;
  hash: Buffer | null;
  createdAt: Date;
  traceParent: string | null;
}

// One statement for all concurrent requests: one round trip and one fsync. unnest keeps the statement's text constant.
const INSERT = `
  INSERT INTO gateway.jobs
    (id, tenant, actor, command, input, objects, idempotency_key, request_hash, attempts, trace_parent, created_at, moved_at, due_at)
  SELECT id, tenant, actor, command, input, objects, key, hash, attempts, trace, created, created, now() + interval '${PUBLISH_LEASE_MS} ms'
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::json[], $6::json[], $7::text[], $8::bytea[], $9::int[], $10::text[], $11::timestamptz[])
    AS job (id, tenant, actor, command, input, objects, key, hash, attempts, trace, created)
  ON CONFLICT (tenant, actor, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
  RETURNING id`;

const FIND_BY_KEY = `
  SELECT id, request_hash FROM gateway.jobs WHERE tenant = $1 AND actor = $2 AND idempotency_key = $3`;

/** Puts jobs into the ledger. When `admit` resolves, the job is on disk and can be fetched. */
export class JobAdmission {
  readonly #batcher: Batcher<Row, boolean>;

  constructor(private readonly pool: Pool) {
    this.#batcher = new Batcher((rows) => this.#insert(rows), { size: 500, lanes: 2 });
  }

  /** Throws a `Problem` `idempotency_mismatch` when the key belongs to another request. */
  async admit(submission: Submission): Promise<Admitted> {
    const id = newJobId();
    const hash = submission.idempotencyKey === undefined ? null : requestHash(submission);
    const row: Row = { id, submission, hash, createdAt: new Date(), traceParent: traceParent() ?? null };
    if (await this.#batcher.add(row)) {
      jobsAdmitted.inc({ command: submission.command.type });
      return { id, created: true, view: acceptedView(row) };
    }
    return { id: await this.#existing(submission, hash!), created: false };
  }

  async #insert(rows: Row[]): Promise<boolean[]> {
    const column = <T>(pick: (row: Row) => T) => rows.map(pick);
    const result = await this.pool.query<{ id: string }>(INSERT, [
      column((row) => row.id),
      column((row) => row.submission.principal.tenant),
      column((row) => row.submission.principal.actor),
      column((row) => row.submission.command.type),
      column((row) => JSON.stringify(row.submission.input)),
      column((row) => (row.submission.objects ? JSON.stringify(row.submission.objects) : null)),
      column((row) => row.submission.idempotencyKey ?? null),
      column((row) => row.hash),
      column((row) => row.submission.command.attempts),
      column((row) => row.traceParent),
      column((row) => row.createdAt),
    ]);
    if (result.rowCount === rows.length) return rows.map(() => true);
    const inserted = new Set(result.rows.map((row) => row.id));
    return rows.map((row) => inserted.has(row.id));
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

/** What a reader of the new row would see. */
function acceptedView({ id, submission, createdAt, traceParent }: Row): JobView {
  return {
    id,
    command: submission.command.type,
    status: 'accepted',
    attempt: 0,
    attempts: submission.command.attempts,
    createdAt: createdAt.toISOString(),
    traceId: traceParent?.split('-')[1],
  };
}

/** The validated input is hashed, defaults filled in, so that spelling and order of keys do not matter. */
function requestHash({ command, input }: Submission): Buffer {
  return createHash('sha256').update(command.type).update('\n').update(JSON.stringify(input)).digest();
}
