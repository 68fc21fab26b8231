import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { JobRequest } from '@tandem/contracts/job-options';
import { transaction } from '@tandem/persistence/transaction';
import { jobsAdmitted } from '@tandem/telemetry/metrics';
import type { Pool, PoolClient } from 'pg';
import { type FieldError, Problem } from '../http/problem.js';
import { validate } from '../http/validate.js';
import type { Principal } from '../identity/principal.js';
import { insertJobs, type NewJob, newJob } from './admit-job.js';
import { newJobId } from './job-id.js';
import type { JobSubmission, Prepared } from './submit-job.js';

/** Jobs that one batch may hold. */
export const MOST_JOBS = 10_000;
/** Faults that are named before the rest is not looked at any more. */
const MOST_FAULTS = 20;
const CHUNK = 1_000;
/** Entries that are checked before other requests have a turn. */
const TURN = 200;

const INSERT = `
  INSERT INTO gateway.batches (id, tenant, actor, total, idempotency_key, request_hash, created_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`;

const FIND_BY_KEY = `
  SELECT id, request_hash FROM gateway.batches WHERE tenant = $1 AND actor = $2 AND idempotency_key = $3`;

/** Submits many jobs as one: all are accepted, or none. */
export class BatchSubmission {
  constructor(
    private readonly submission: JobSubmission,
    private readonly pool: Pool,
  ) {}

  /**
   * Resolves when every job is on disk, to the batch's id. `requests` may stream. Throws a `Problem` that names the
   * entries at fault by their place.
   */
  async submit(
    caller: Principal,
    requests: AsyncIterable<unknown> | Iterable<unknown>,
    idempotencyKey: string | undefined,
  ): Promise<{ id: string; created: boolean }> {
    const now = new Date();
    const { prepared, hash } = await this.#prepareAll(caller, requests, now);
    await this.submission.resolveObjects(caller, prepared);
    await this.#checkParents(caller, prepared);
    const id = newJobId();
    const jobs = prepared.map(({ submission }) => {
      this.submission.takePlace(submission);
      return newJob({ ...submission, batch: id }, now);
    });
    const created = await this.#insert(caller, { id, jobs, hash, idempotencyKey, now }).catch((error: unknown) => {
      this.#leavePlaces(jobs);
      throw error;
    });
    if (!created) {
      this.#leavePlaces(jobs);
      return { id: await this.#existing(caller, idempotencyKey!, hash), created: false };
    }
    for (const job of jobs) {
      jobsAdmitted.inc({ command: job.submission.command.type });
      this.submission.dispatch(job.id, job.submission);
    }
    return { id, created: true };
  }

  async #prepareAll(caller: Principal, requests: AsyncIterable<unknown> | Iterable<unknown>, now: Date) {
    const prepared: Prepared[] = [];
    const faults: FieldError[] = [];
    const hash = createHash('sha256');
    let index = 0;
    for await (const request of requests) {
      if (index >= MOST_JOBS)
        throw new Problem(
          'payload_too_large',
          `A batch takes at most ${MOST_JOBS} jobs. Send the rest as another batch.`,
        );
      try {
        const { command, input, options } = validate(JobRequest, request, 'batch', `/${index}`);
        const wish = { command: this.submission.command(caller, command), input, options, at: `/${index}` };
        const each = this.submission.prepare(caller, wish, now);
        hash.update(JSON.stringify([command, each.submission.input, options]));
        if (each.presets || each.template) await this.submission.fill(caller, each);
        prepared.push(each);
      } catch (error) {
        faults.push(...faultsOf(error, index));
        if (faults.length >= MOST_FAULTS) break;
      }
      index += 1;
      if (index % TURN === 0) await nextTurn();
    }
    if (faults.length > 0) throw refusal(faults);
    if (prepared.length === 0) throw new Problem('invalid_input', 'The batch is empty. Send at least one job.');
    return { prepared, hash: hash.digest() };
  }

  async #checkParents(caller: Principal, prepared: Prepared[]): Promise<void> {
    const checked = new Set<string>();
    for (const [index, { submission }] of prepared.entries()) {
      const { parent } = submission.plan;
      if (!parent || checked.has(parent)) continue;
      await this.submission.checkParent(caller, parent, `/${index}/options/parent`);
      checked.add(parent);
    }
  }

  /** False when the idempotency key has a batch already. */
  #insert(
    { tenant, actor }: Principal,
    batch: { id: string; jobs: NewJob[]; hash: Buffer; idempotencyKey: string | undefined; now: Date },
  ): Promise<boolean> {
    return transaction(this.pool, async (client: PoolClient) => {
      const { id, jobs, hash, idempotencyKey = null, now } = batch;
      const { rowCount } = await client.query(INSERT, [id, tenant, actor, jobs.length, idempotencyKey, hash, now]);
      if (rowCount === 0) return false;
      for (let at = 0; at < jobs.length; at += CHUNK) await insertJobs(client, jobs.slice(at, at + CHUNK));
      return true;
    });
  }

  #leavePlaces(jobs: NewJob[]): void {
    for (const { submission } of jobs) this.submission.leavePlace(submission);
  }

  async #existing({ tenant, actor }: Principal, key: string, hash: Buffer): Promise<string> {
    const { rows } = await this.pool.query<{ id: string; request_hash: Buffer }>(FIND_BY_KEY, [tenant, actor, key]);
    if (rows[0]?.request_hash.equals(hash)) return rows[0].id;
    throw new Problem(
      'idempotency_mismatch',
      'This Idempotency-Key was used for another batch. Send the same jobs, or choose a new key.',
    );
  }
}

function faultsOf(error: unknown, index: number): FieldError[] {
  if (!(error instanceof Problem) || error.code === 'forbidden') throw error;
  return error.errors?.length ? error.errors : [{ pointer: `/${index}`, detail: error.detail }];
}

function refusal(faults: FieldError[]): Problem {
  const [first] = faults;
  return new Problem(
    'invalid_input',
    `The batch is not valid, and none of its jobs was accepted: ${first!.pointer}: ${first!.detail}`,
    faults.slice(0, MOST_FAULTS),
  );
}
