import { isFinal, type JobView } from '@tandem/contracts/job';
import { cancelSubject } from '@tandem/contracts/subjects';
import type { Connection } from '@tandem/messaging/connection';
import { StoredPublisher } from '@tandem/messaging/stored-publisher';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import { jobsFinished } from '@tandem/telemetry/metrics';
import type { Pool } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { announceStep } from './announce-step.js';
import { ENDED_BY_LEDGER, type EndedJob, endingValues, stepOf } from './end-jobs.js';
import type { JobFinder } from './find-jobs.js';
import { type JobFilter, ownerOf, searchOf } from './job-filter.js';

const SEND_AGAIN_MS = 2_000;
const SENT_AT_ONCE = 1_000;

// A job that runs is ended by its worker's report; any other ends here. What may be with the broker (all but a job whose time has not
// come) must be told to the workers, now or, while NATS is down, later: `cancel_unsent` keeps that in mind.
const CANCEL = `
  UPDATE gateway.jobs SET
    cancel_requested_at = coalesce(cancel_requested_at, now()),
    cancel_unsent = run_at IS NULL OR run_at <= now() OR run > 0,
    ${ENDED_BY_LEDGER(`status <> 'running'`)}
  WHERE status IN ('accepted', 'retrying', 'running') AND id = ANY($3)
  RETURNING id, command, status, attempt, finished_at, cancel_unsent`;

const UNSENT = `SELECT id FROM gateway.jobs WHERE cancel_unsent LIMIT ${SENT_AT_ONCE}`;
const SENT = 'UPDATE gateway.jobs SET cancel_unsent = false WHERE id = ANY($1)';

/** Cancels jobs: at once in the ledger where they do not run, through their worker where they do. */
export class JobCancellation {
  readonly #publisher: StoredPublisher;
  readonly #rounds = new Repeat(() => this.#sendAgain());

  constructor(
    private readonly connection: Connection,
    private readonly finder: JobFinder,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {
    this.#publisher = new StoredPublisher(connection.nc);
  }

  start(): void {
    this.#rounds.start(SEND_AGAIN_MS);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Throws a `Problem`: `not_found` for a job that is not the caller's, `conflict` for one that ended otherwise. */
  async cancel(principal: Principal, id: string): Promise<JobView> {
    const job = await this.finder.view(principal, id);
    if (job.status === 'cancelled') return job;
    if (!isFinal(job.status)) await this.#cancel([id]);
    const now = await this.finder.view(principal, id);
    if (isFinal(now.status) && now.status !== 'cancelled')
      throw new Problem(
        'conflict',
        `The job has ended as ${now.status}; only a job that has not ended can be cancelled.`,
      );
    return now;
  }

  /** Cancels every open job of a filter; tells how many. */
  async cancelAll(principal: Principal, filter: JobFilter, most: number): Promise<number> {
    const { source, check, values } = searchOf(principal.tenant, ownerOf(principal), filter);
    const { rows } = await this.pool.query<{ id: string }>(
      `SELECT id FROM (SELECT j.* ${source}) AS job
       WHERE status IN ('accepted', 'retrying', 'running') AND ${check ?? 'true'} LIMIT ${most}`,
      values,
    );
    return this.#cancel(rows.map(({ id }) => id));
  }

  async #cancel(ids: string[]): Promise<number> {
    const { rows } = await this.pool.query<EndedJob & { status: string; cancel_unsent: boolean }>(CANCEL, [
      ...endingValues('cancelled'),
      ids,
    ]);
    for (const job of rows.filter(({ status }) => status === 'cancelled')) {
      jobsFinished.inc({ command: job.command, status: 'cancelled', error_type: 'cancelled' });
      announceStep(this.connection, job.id, stepOf(job, 'cancelled'));
    }
    await this.#send(rows.filter((job) => job.cancel_unsent).map(({ id }) => id));
    return rows.length;
  }

  /** Tells the workers; what cannot be sent now is sent later. */
  async #send(ids: string[]): Promise<void> {
    if (ids.length === 0 || !this.connection.up()) return;
    try {
      await Promise.all(ids.map((id) => this.#publisher.publish(cancelSubject(id), '')));
      await this.pool.query(SENT, [ids]);
    } catch (error) {
      this.log.warn({ err: error, jobs: ids.length }, 'workers not told of a cancellation, trying again');
    }
  }

  async #sendAgain(): Promise<number> {
    try {
      const { rows } = await this.pool.query<{ id: string }>(UNSENT);
      await this.#send(rows.map(({ id }) => id));
    } catch (error) {
      this.log.warn({ err: error }, 'cancellations not read, trying again');
    }
    return SEND_AGAIN_MS;
  }
}
