import type { Context } from '@opentelemetry/api';
import type { CommandPublisher, Publication } from '@tandem/messaging/command-publisher';
import type { Connection } from '@tandem/messaging/connection';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';

/** Publications in flight beyond which admission leaves its jobs to the dispatcher. */
const IN_FLIGHT_LIMIT = 10_000;
const FLUSH_EVERY_MS = 500;
/** A job that reports sooner is never noted as published: noting costs the database as much as its end does. */
const NOTE_AFTER_MS = 1_000;

// Skips what a report of this run has moved already (a job that was lost while it ran excepted), and what one is moving now: its lock means that
// there is nothing left to note, and waiting for it could deadlock with the projection.
const NOTE = `
  UPDATE gateway.jobs SET due_at = NULL, published_at = now(), waiting = false
  WHERE id IN (
    SELECT j.id FROM gateway.jobs j JOIN unnest($1::uuid[], $2::int[]) AS u (id, run) ON j.id = u.id
    WHERE (j.run = u.run - 1 AND j.status IN ('accepted', 'retrying'))
      OR (j.run = u.run AND j.status = 'running' AND j.due_at IS NOT NULL)
    FOR UPDATE OF j SKIP LOCKED
  )`;

// The broker did not take it: due now instead of at the end of its lease, so that it goes out as soon as NATS is back. One
// that waits goes on waiting.
const GIVE_BACK = `
  UPDATE gateway.jobs SET due_at = now()
  WHERE id IN (
    SELECT j.id FROM gateway.jobs j JOIN unnest($1::uuid[], $2::int[]) AS u (id, run) ON j.id = u.id
    WHERE j.run = u.run - 1 AND j.status IN ('accepted', 'retrying') AND j.due_at > now()
    FOR UPDATE OF j SKIP LOCKED
  )`;

/** One publication of a job, of which the ledger does not know how it went. */
interface Unnoted {
  id: string;
  run: number;
  key: string;
  at: number;
  state: 'under way' | 'stored' | 'refused';
}

function columns(published: Unnoted[]): [string[], number[]] {
  return [published.map(({ id }) => id), published.map(({ run }) => run)];
}

/**
 * Hands jobs to the broker, and notes in the ledger, in batches and after the fact, that it holds those that do not report
 * at once. A job whose note is missing is published again when its lease ends, or by the next release; the message
 * id makes that harmless.
 */
export class JobPublication {
  #inFlight = 0;
  readonly #unnoted = new Map<string, Unnoted>();
  /** The ids of {@link #unnoted} by command and tenant. */
  readonly #byKey = new Map<string, Set<string>>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly connection: Connection,
    private readonly publisher: CommandPublisher,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  /** Publishes without making the caller wait. When NATS is down or slow, the job is left to the dispatcher. */
  offer(job: Publication): void {
    if (this.connection.up() && this.#inFlight < IN_FLIGHT_LIMIT) void this.publish(job);
    else this.#remember(job).state = 'refused';
  }

  /** Resolves to false when the broker did not take the job; it is then due at once and tried again. */
  async publish(job: Publication, parent?: Context): Promise<boolean> {
    this.#inFlight += 1;
    const unnoted = this.#remember(job);
    try {
      await this.publisher.publish(job, parent);
      unnoted.state = 'stored';
      return true;
    } catch (error) {
      this.log.warn({ err: error, job: job.jobId }, 'not published, the dispatcher will try again');
      unnoted.state = 'refused';
      return false;
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** A worker has reported on the job, so there is nothing left to note. */
  reported(jobId: string): void {
    const unnoted = this.#unnoted.get(jobId);
    if (unnoted) this.#forget(unnoted);
  }

  /** The jobs of a command and tenant that were published and of which the ledger has not been told yet. */
  unnoted(command: string, tenant: string): ReadonlySet<string> {
    return this.#byKey.get(`${command} ${tenant}`) ?? new Set();
  }

  /** Notes all that is outstanding, as when the process drains. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#write([...this.#unnoted.values()]);
    await this.#writing;
  }

  #remember(job: Publication): Unnoted {
    const key = `${job.command.type} ${job.tenant}`;
    const unnoted: Unnoted = { id: job.jobId, run: job.run, key, at: Date.now(), state: 'under way' };
    this.#unnoted.set(job.jobId, unnoted);
    const ids = this.#byKey.get(key);
    if (ids) ids.add(job.jobId);
    else this.#byKey.set(key, new Set([job.jobId]));
    this.#timer ??= setTimeout(() => this.#noteOld(), FLUSH_EVERY_MS);
    return unnoted;
  }

  #forget(unnoted: Unnoted): void {
    if (this.#unnoted.get(unnoted.id) !== unnoted) return;
    this.#unnoted.delete(unnoted.id);
    const ids = this.#byKey.get(unnoted.key);
    ids?.delete(unnoted.id);
    if (ids?.size === 0) this.#byKey.delete(unnoted.key);
  }

  #noteOld(): void {
    const due = Date.now() - NOTE_AFTER_MS;
    const old = [...this.#unnoted.values()].filter(({ at, state }) => state === 'refused' || at <= due);
    this.#writing = this.#write(old).then(() => {
      this.#timer = this.#unnoted.size > 0 ? setTimeout(() => this.#noteOld(), FLUSH_EVERY_MS) : undefined;
    });
  }

  async #write(unnoted: Unnoted[]): Promise<void> {
    const refused = unnoted.filter(({ state }) => state === 'refused');
    const stored = unnoted.filter(({ state }) => state === 'stored');
    try {
      if (stored.length > 0) await this.pool.query(NOTE, columns(stored));
      if (refused.length > 0) await this.pool.query(GIVE_BACK, columns(refused));
    } catch (error) {
      this.log.warn(
        { err: error, jobs: stored.length + refused.length },
        'not noted; leases run out, and what was published is repeated',
      );
    }
    for (const each of [...stored, ...refused]) this.#forget(each);
  }
}
