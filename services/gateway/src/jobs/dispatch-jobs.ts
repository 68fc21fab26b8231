import type { Catalog } from '@tandem/contracts/catalog';
import type { StoredObject } from '@tandem/contracts/object';
import type { Connection } from '@tandem/messaging/connection';
import type { Logger } from '@tandem/telemetry/logger';
import { dispatched } from '@tandem/telemetry/metrics';
import { contextFromTraceParent } from '@tandem/telemetry/propagation';
import type { Pool } from 'pg';
import type { JobPublication } from './publish-jobs.js';

const EVERY_MS = 200;
const REFUSED_PAUSE_MS = 2_000;
const BATCH = 500;

// The lease keeps other gateways away and brings the job back should this one die before the broker has it.
const CLAIM = `
  UPDATE gateway.jobs SET due_at = now() + interval '15 s'
  WHERE id IN (
    SELECT id FROM gateway.jobs WHERE due_at <= now() ORDER BY due_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED
  )
  RETURNING id, tenant, actor, command, input, objects, run, attempt, attempts, status, trace_parent`;

interface DueJob {
  id: string;
  tenant: string;
  actor: string;
  command: string;
  input: unknown;
  objects: Record<string, StoredObject> | null;
  run: number;
  attempt: number;
  attempts: number;
  status: string;
  trace_parent: string | null;
}

/** Publishes what is due: retries, jobs that the admitting process could not hand to the broker, and those that it lost. */
export class JobDispatcher {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #busy: Promise<void> = Promise.resolve();

  constructor(
    private readonly catalog: Catalog,
    private readonly connection: Connection,
    private readonly publication: JobPublication,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#schedule(EVERY_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#busy;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#busy = this.#round().then((pauseMs) => this.#schedule(pauseMs));
    }, delayMs);
  }

  /** Milliseconds until the next round. */
  async #round(): Promise<number> {
    if (!this.connection.up()) return EVERY_MS;
    try {
      const { rows } = await this.pool.query<DueJob>(CLAIM);
      const sent = await Promise.all(rows.map((job) => this.#publish(job)));
      await this.publication.flush();
      // A broker that takes nothing, as when its store is full, is not asked five times a second.
      if (rows.length > 0 && !sent.some(Boolean)) return REFUSED_PAUSE_MS;
      return rows.length === BATCH ? 0 : EVERY_MS;
    } catch (error) {
      this.log.warn({ err: error }, 'dispatch failed, trying again');
      return EVERY_MS;
    }
  }

  async #publish(job: DueJob): Promise<boolean> {
    const command = this.catalog.get(job.command);
    if (!command) {
      this.log.error({ job: job.id, command: job.command }, 'no such command in the catalog; the job waits');
      return false;
    }
    // A job that the broker lost while it ran is run again: the same run, as if JetStream had redelivered it.
    const again = job.status === 'running';
    if (!again) dispatched.inc({ reason: job.status === 'retrying' ? 'retry' : 'delayed' });
    return this.publication.publish(
      {
        jobId: job.id,
        tenant: job.tenant,
        actor: job.actor,
        command,
        input: job.input,
        objects: job.objects ?? undefined,
        run: again ? job.run : job.run + 1,
        attempt: again ? job.attempt : job.attempt + 1,
        attempts: job.attempts,
      },
      contextFromTraceParent(job.trace_parent),
    );
  }
}
