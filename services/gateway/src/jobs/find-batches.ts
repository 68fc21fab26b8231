import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal, JobStatus } from '@tandem/contracts/job';
import type { Pool } from 'pg';
import { z } from 'zod';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import type { JobCounter } from './count-jobs.js';
import { isUuid } from './find-jobs.js';
import { ownerOf } from './job-filter.js';

/** A batch as the API shows it. */
export const BatchView = z
  .object({
    id: z.uuid(),
    total: z.int(),
    finished: z.int().meta({ description: 'Jobs in a final state' }),
    counts: z.record(JobStatus, z.int()).meta({ description: 'Jobs by state' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Batch' });
export type BatchView = z.infer<typeof BatchView>;

const FIND = `
  SELECT id, total, created_at FROM gateway.batches
  WHERE id = $1 AND tenant = $2 AND ($3::text IS NULL OR actor = $3)`;

const LOOK_EVERY_MS = 500;
const HEARTBEAT_MS = 15_000;

/** Reads batches for a caller. */
export class BatchFinder {
  constructor(
    private readonly counter: JobCounter,
    private readonly pool: Pool,
  ) {}

  /** Throws a `Problem` `not_found` for a batch that does not exist or that the caller may not see. */
  async view(principal: Principal, id: string): Promise<BatchView> {
    const { rows } = isUuid(id)
      ? await this.pool.query<{ id: string; total: number; created_at: Date }>(FIND, [
          id,
          principal.tenant,
          ownerOf(principal),
        ])
      : { rows: [] };
    const batch = rows[0];
    if (!batch) throw new Problem('not_found', 'There is no such batch, or it is not yours.');
    const counts = await this.counter.ofBatch(id);
    const finished = JobStatus.options.filter(isFinal).reduce((sum, status) => sum + counts[status], 0);
    return { id: batch.id, total: batch.total, finished, counts, createdAt: batch.created_at.toISOString() };
  }

  /** Server-sent events: `batch` whenever its counts have changed, up to the last. */
  async *follow(principal: Principal, id: string, leave: AbortSignal): AsyncGenerator<string> {
    let last = '';
    let saidAt = Date.now();
    while (!leave.aborted) {
      const batch = await this.view(principal, id);
      const now = JSON.stringify(batch);
      if (now !== last) {
        yield `event: batch\ndata: ${now}\n\n`;
        saidAt = Date.now();
      } else if (Date.now() - saidAt > HEARTBEAT_MS) {
        yield ': heartbeat\n\n';
        saidAt = Date.now();
      }
      last = now;
      if (batch.finished === batch.total) return;
      await sleep(LOOK_EVERY_MS, undefined, { signal: leave }).catch(() => undefined);
    }
  }
}
