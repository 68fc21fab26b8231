import { JobStatus } from '@tandem/contracts/job';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';

const FOLD_EVERY_MS = 1_000;

// Several gateways may fold at once: each takes rows that no other has.
const FOLD = `
  WITH change AS (
    DELETE FROM gateway.job_count_changes WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM gateway.job_count_changes LIMIT 20000 FOR UPDATE SKIP LOCKED))
    RETURNING *
  )
  INSERT INTO gateway.job_counts AS count (tenant, command, batch, status, n)
  SELECT tenant, command, batch, status, sum(n) FROM change GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (tenant, command, batch, status) DO UPDATE SET n = count.n + excluded.n`;

const EVERY = (condition: string) => `
  SELECT command, status, sum(n)::float8 AS n FROM (
    SELECT command, status, n FROM gateway.job_counts WHERE ${condition}
    UNION ALL SELECT command, status, n FROM gateway.job_count_changes WHERE ${condition}
  ) AS count GROUP BY command, status`;

/** Jobs by state; a state that no job is in is 0. */
export type JobCounts = Record<JobStatus, number>;

/** Reads the kept counts of jobs, and keeps them small. They cost the same at a million jobs as at ten. */
export class JobCounter {
  readonly #rounds = new Repeat(() => this.#fold());

  constructor(
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(FOLD_EVERY_MS);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** Of a tenant, by command. */
  async byCommand(tenant: string): Promise<Record<string, JobCounts>> {
    const { rows } = await this.pool.query<Count>(EVERY('tenant = $1'), [tenant]);
    const commands = Map.groupBy(rows, ({ command }) => command);
    return Object.fromEntries([...commands].map(([command, counts]) => [command, countsOf(counts)]));
  }

  async ofBatch(batch: string): Promise<JobCounts> {
    const { rows } = await this.pool.query<Count>(EVERY('batch = $1'), [batch]);
    return countsOf(rows);
  }

  async #fold(): Promise<number> {
    try {
      await this.pool.query(FOLD);
    } catch (error) {
      this.log.warn({ err: error }, 'counts not folded, trying again');
    }
    return FOLD_EVERY_MS;
  }
}

interface Count {
  command: string;
  status: JobStatus;
  n: number;
}

function countsOf(rows: Count[]): JobCounts {
  const counts = Object.fromEntries(JobStatus.options.map((status) => [status, 0])) as JobCounts;
  for (const { status, n } of rows) counts[status] += n;
  return counts;
}
