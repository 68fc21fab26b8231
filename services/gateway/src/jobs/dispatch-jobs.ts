import type { Catalog } from '@tandem/contracts/catalog';
import type { Connection } from '@tandem/messaging/connection';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import { dispatched } from '@tandem/telemetry/metrics';
import { contextFromTraceParent } from '@tandem/telemetry/propagation';
import type { Pool } from 'pg';
import { endJobs } from './end-jobs.js';
import type { JobPublication } from './publish-jobs.js';
import { PUBLISHABLE, type PublishableJob, publicationOf } from './publishable-job.js';
import type { JobRelease } from './release-jobs.js';
import type { TenantWindows } from './tenant-windows.js';

const EVERY_MS = 100;
const REFUSED_PAUSE_MS = 2_000;
const BATCH = 500;

// The lease keeps other gateways away and brings the job back should this one die before the broker has it.
const CLAIM = `
  UPDATE gateway.jobs j SET due_at = now() + interval '15 s'
  WHERE j.id IN (
    SELECT id FROM gateway.jobs WHERE due_at <= now() ORDER BY due_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
  )
  RETURNING ${PUBLISHABLE}`;

/** Milliseconds until the next job is due, by the database's clock. */
const NEXT_DUE = `
  SELECT extract(epoch FROM due_at - now())::float8 * 1000 AS ms FROM gateway.jobs
  WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1`;

const HOLD = `
  UPDATE gateway.jobs SET due_at = NULL, waiting = true
  WHERE id = ANY($1) AND status IN ('accepted', 'retrying') AND due_at IS NOT NULL`;

/** Publishes what is due: delayed jobs, retries, jobs that the admitting process could not hand to the broker, and those that it lost. */
export class JobDispatcher {
  readonly #rounds = new Repeat(() => this.#round());

  constructor(
    private readonly catalog: Catalog,
    private readonly connection: Connection,
    private readonly windows: TenantWindows,
    private readonly publication: JobPublication,
    private readonly release: JobRelease,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(EVERY_MS);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Milliseconds until the next round. */
  async #round(): Promise<number> {
    try {
      await this.#expire();
      if (!this.connection.up()) return EVERY_MS;
      const { rows } = await this.pool.query<PublishableJob>(CLAIM);
      const sent = await this.#dispatch(rows);
      // A broker that takes nothing, as when its store is full, is not asked ten times a second.
      if (sent.length > 0 && !sent.some(Boolean)) return REFUSED_PAUSE_MS;
      if (rows.length === BATCH) return 0;
      const next = (await this.pool.query<{ ms: number }>(NEXT_DUE)).rows[0]?.ms ?? EVERY_MS;
      return Math.max(1, Math.min(EVERY_MS, Math.ceil(next)));
    } catch (error) {
      this.log.warn({ err: error }, 'dispatch failed, trying again');
      return EVERY_MS;
    }
  }

  /** Of each job that went out: whether the broker took it. */
  async #dispatch(jobs: PublishableJob[]): Promise<boolean[]> {
    const cancelled = jobs.filter((job) => job.cancel_requested_at !== null && job.status !== 'running');
    const open = jobs.filter((job) => !cancelled.includes(job));
    const full = open.filter((job) => job.status !== 'running' && !this.windows.enter(job.command, job.tenant));
    const sent = open.filter((job) => !full.includes(job)).map((job) => this.#publish(job));
    if (cancelled.length > 0) {
      const ids = cancelled.map(({ id }) => id);
      await endJobs(this.pool, this.connection, 'cancelled', `id = ANY($3) AND status = 'retrying'`, [ids]);
    }
    if (full.length > 0) {
      await this.pool.query(HOLD, [full.map(({ id }) => id)]);
      for (const { command, tenant } of full) this.windows.queued(command, tenant);
      this.release.wake();
    }
    return Promise.all(sent);
  }

  async #expire(): Promise<void> {
    await endJobs(
      this.pool,
      this.connection,
      'expired',
      `expires_at <= now() AND status IN ('accepted', 'retrying') ORDER BY expires_at LIMIT $3`,
      [BATCH],
    );
  }

  async #publish(job: PublishableJob): Promise<boolean> {
    const publication = publicationOf(job, this.catalog);
    if (!publication) {
      this.log.error({ job: job.id, command: job.command }, 'no such command in the catalog; the job waits');
      return false;
    }
    if (job.status !== 'running') dispatched.inc({ reason: job.status === 'retrying' ? 'retry' : 'delayed' });
    return this.publication.publish(publication, contextFromTraceParent(job.trace_parent));
  }
}
