import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';

/** For how many days ended jobs are kept; 0 keeps them for ever. */
export interface Retention {
  failedDays: number;
  otherDays: number;
}

const EVERY_MS = 10 * 60_000;
const PAGE = 1_000;

// Walks the oldest jobs by their ids, which begin with their time. Those that stay (open, or failed and kept for longer) are
// passed by the cursor, so that no page is read twice in a round.
const FORGET = `
  WITH page AS (
    SELECT id, status, finished_at FROM gateway.jobs WHERE id > $1 ORDER BY id LIMIT ${PAGE}
  ), gone AS (
    DELETE FROM gateway.jobs WHERE id IN (
      SELECT id FROM page WHERE
        ($2::int > 0 AND status = 'failed' AND finished_at < now() - $2 * interval '1 day')
        OR ($3::int > 0 AND status IN ('succeeded', 'cancelled', 'expired') AND finished_at < now() - $3 * interval '1 day')
    ) RETURNING id
  )
  SELECT (SELECT count(*)::int FROM gone) AS deleted, (SELECT count(*)::int FROM page) AS seen,
    (SELECT id FROM page ORDER BY id DESC LIMIT 1) AS last`;

const OLDEST_ID = '00000000-0000-0000-0000-000000000000';

const FORGET_BATCHES = `
  DELETE FROM gateway.batches b WHERE created_at < now() - interval '1 day'
    AND NOT EXISTS (SELECT FROM gateway.jobs WHERE batch = b.id)`;
const FORGET_COUNTS = `DELETE FROM gateway.job_counts WHERE n = 0`;

/** Deletes jobs that ended long ago, and what belongs to them. */
export class JobRetention {
  readonly #rounds = new Repeat(() => this.#round());
  #stopping = false;

  constructor(
    private readonly retention: Retention,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(1_000);
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#rounds.stop();
  }

  /** Deletes what is past its retention now; tells how many jobs. */
  async forget(): Promise<number> {
    const { failedDays, otherDays } = this.retention;
    if (failedDays === 0 && otherDays === 0) return 0;
    const deleted = await this.#forgetJobs(failedDays, otherDays);
    await this.pool.query(FORGET_BATCHES);
    await this.pool.query(FORGET_COUNTS);
    return deleted;
  }

  async #round(): Promise<number> {
    try {
      const deleted = await this.forget();
      if (deleted > 0) this.log.info({ jobs: deleted }, 'jobs past their retention deleted');
    } catch (error) {
      this.log.warn({ err: error }, 'old jobs not deleted, trying again later');
    }
    return EVERY_MS;
  }

  async #forgetJobs(failedDays: number, otherDays: number): Promise<number> {
    const shortest = Math.min(...[failedDays, otherDays].filter((days) => days > 0));
    const until = Date.now() - shortest * 86_400_000;
    let cursor = OLDEST_ID;
    let deleted = 0;
    while (!this.#stopping) {
      const { rows } = await this.pool.query<{ deleted: number; seen: number; last: string | null }>(FORGET, [
        cursor,
        failedDays,
        otherDays,
      ]);
      const page = rows[0]!;
      deleted += page.deleted;
      if (page.seen < PAGE || createdAt(page.last!) > until) break;
      cursor = page.last!;
    }
    return deleted;
  }
}

/** The time in an id, in milliseconds since the epoch (RFC 9562, version 7). */
function createdAt(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
