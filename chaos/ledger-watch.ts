import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal, type JobStatus } from '@tandem/contracts/job';
import { Pool } from 'pg';
import type { Submitted } from './clients.ts';

const EVERY_MS = 200;

/** Sees, on a connection of its own that no fault cuts, when each job becomes final; to the nearest 0.2 s. */
export class LedgerWatch {
  readonly #pool: Pool;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(databaseUrl: string) {
    this.#pool = new Pool({
      connectionString: databaseUrl,
      max: 2,
      connectionTimeoutMillis: 2_000,
      query_timeout: 10_000,
    });
    this.#pool.on('error', () => undefined); // PostgreSQL is killed under us
  }

  start(jobs: Submitted[], clock: () => number): void {
    const watch = async () => {
      while (!this.#stopped) {
        await this.#look(jobs, clock).catch(() => undefined); // it may be down; the next look tells
        await sleep(EVERY_MS);
      }
    };
    this.#running = watch();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#pool.end();
  }

  /** One query, for the final count: everything is up by then. */
  async rows<T extends object>(sql: string, values: unknown[] = []): Promise<T[]> {
    return (await this.#pool.query<T>(sql, values)).rows;
  }

  async #look(jobs: Submitted[], clock: () => number): Promise<void> {
    const open = new Map(jobs.filter((job) => job.id && job.finalMs === undefined).map((job) => [job.id!, job]));
    if (open.size === 0) return;
    const rows = await this.rows<{ id: string; status: JobStatus }>(
      'SELECT id::text AS id, status FROM gateway.jobs WHERE id = ANY($1::uuid[])',
      [[...open.keys()]],
    );
    for (const { id, status } of rows) {
      const job = open.get(id)!;
      job.status = status;
      if (isFinal(status)) job.finalMs = clock();
    }
  }
}
