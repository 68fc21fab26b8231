import type { Context } from '@opentelemetry/api';
import type { CommandPublisher, Publication } from '@tandem/messaging/command-publisher';
import type { Connection } from '@tandem/messaging/connection';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';

/** Publications in flight beyond which admission leaves its jobs to the dispatcher. */
const IN_FLIGHT_LIMIT = 10_000;
const MARK_EVERY_MS = 500;
const MARK_AT_ONCE = 1_000;

// Skips what a report of this run has moved already (a job that was lost while it ran excepted), and what one is moving now: its lock means that
// there is nothing left to mark, and waiting for it could deadlock with the projection.
const MARK = `
  UPDATE gateway.jobs SET due_at = NULL, published_at = now()
  WHERE id IN (
    SELECT j.id FROM gateway.jobs j JOIN unnest($1::uuid[], $2::int[]) AS u (id, run) ON j.id = u.id
    WHERE (j.run = u.run - 1 AND j.status IN ('accepted', 'retrying'))
      OR (j.run = u.run AND j.status = 'running' AND j.due_at IS NOT NULL)
    FOR UPDATE OF j SKIP LOCKED
  )`;

// The broker did not take it: due now instead of at the end of its lease, so that it goes out as soon as NATS is back.
const GIVE_BACK = `
  UPDATE gateway.jobs SET due_at = now()
  WHERE id IN (
    SELECT j.id FROM gateway.jobs j JOIN unnest($1::uuid[], $2::int[]) AS u (id, run) ON j.id = u.id
    WHERE j.run = u.run - 1 AND j.status IN ('accepted', 'retrying') AND j.due_at > now()
    FOR UPDATE OF j SKIP LOCKED
  )`;

/** One publication of a job. */
interface Published {
  id: string;
  run: number;
  key: string;
}

function keyOf({ command, tenant }: Publication): string {
  return `${command.type} ${tenant}`;
}

function columns(published: Published[]): [string[], number[]] {
  return [published.map(({ id }) => id), published.map(({ run }) => run)];
}

/**
 * Hands jobs to the broker and notes in the ledger, in batches and after the fact, that it holds them. A job whose note
 * is missing is published again when its lease ends; the message id makes that harmless.
 */
export class JobPublication {
  #inFlight = 0;
  /** Publications that the ledger has not been told of, by command and tenant. */
  readonly #unmarked = new Map<string, number>();
  #marks: Published[] = [];
  #returned: Published[] = [];
  #timer: NodeJS.Timeout | undefined;
  #marking: Promise<void> = Promise.resolve();

  constructor(
    private readonly connection: Connection,
    private readonly publisher: CommandPublisher,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  /** Publishes without making the caller wait. When NATS is down or slow, the job is left to the dispatcher. */
  offer(job: Publication): void {
    if (this.connection.up() && this.#inFlight < IN_FLIGHT_LIMIT) void this.publish(job);
    else {
      this.#count(keyOf(job), 1);
      this.#giveBack({ id: job.jobId, run: job.run, key: keyOf(job) });
    }
  }

  /** How many jobs were published of which the ledger has not been told yet. */
  unmarked(command: string, tenant: string): number {
    return this.#unmarked.get(`${command} ${tenant}`) ?? 0;
  }

  /** Resolves to false when the broker did not take the job; it is then due at once and tried again. */
  async publish(job: Publication, parent?: Context): Promise<boolean> {
    const published = { id: job.jobId, run: job.run, key: keyOf(job) };
    this.#inFlight += 1;
    this.#count(published.key, 1);
    try {
      await this.publisher.publish(job, parent);
      this.#mark(published);
      return true;
    } catch (error) {
      this.log.warn({ err: error, job: job.jobId }, 'not published, the dispatcher will try again');
      this.#giveBack(published);
      return false;
    } finally {
      this.#inFlight -= 1;
    }
  }

  #count(key: string, change: number): void {
    const count = (this.#unmarked.get(key) ?? 0) + change;
    if (count > 0) this.#unmarked.set(key, count);
    else this.#unmarked.delete(key);
  }

  #mark(published: Published): void {
    this.#marks.push(published);
    this.#schedule();
  }

  #giveBack(refused: Published): void {
    this.#returned.push(refused);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#marks.length + this.#returned.length >= MARK_AT_ONCE) void this.flush();
    else this.#timer ??= setTimeout(() => void this.flush(), MARK_EVERY_MS);
  }

  /** Writes the outstanding marks; also called when the process drains. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const marks = this.#marks.splice(0);
    const returned = this.#returned.splice(0);
    this.#marking = this.#marking.then(() => this.#write(marks, returned));
    return this.#marking;
  }

  async #write(marks: Published[], returned: Published[]): Promise<void> {
    try {
      if (marks.length > 0) await this.pool.query(MARK, columns(marks));
      if (returned.length > 0) await this.pool.query(GIVE_BACK, columns(returned));
    } catch (error) {
      this.log.warn(
        { err: error, jobs: marks.length + returned.length },
        'not noted; leases run out, and what was published is repeated',
      );
    } finally {
      for (const { key } of [...marks, ...returned]) this.#count(key, -1);
    }
  }
}
