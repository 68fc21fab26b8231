import type { Pool } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { isUuid } from '../jobs/find-jobs.js';
import { ownerOf } from '../jobs/job-filter.js';

/**
 * SQL that deletes the objects of a condition, and notes their bytes for collection; gives `n`, how many there were. A note that stands already becomes
 * due again, so that a collector that has just looked looks once more.
 */
export function deletionOf(condition: string): string {
  return `
    WITH gone AS (DELETE FROM gateway.objects WHERE ${condition} RETURNING tenant, sha256), noted AS (
      INSERT INTO gateway.loose_bytes (tenant, sha256) SELECT DISTINCT tenant, sha256 FROM gone ORDER BY 1, 2
      ON CONFLICT (tenant, sha256) DO UPDATE SET due_at = now()
    )
    SELECT count(*)::int AS n FROM gone`;
}

const DELETE = deletionOf(`id = $1 AND tenant = $2 AND ($3::text IS NULL OR owner = $3)
  AND (expires_at IS NULL OR expires_at > now())`);

/** Deletes objects for a caller. The row goes at once, the bytes when nothing else needs them: `collect-objects.ts`. */
export class ObjectDeletion {
  constructor(private readonly pool: Pool) {}

  /** Throws a `Problem` `not_found` for an object that does not exist or is another's; the two look alike. */
  async delete(principal: Principal, id: string): Promise<void> {
    const values = [id, principal.tenant, ownerOf(principal)];
    const { rows } = isUuid(id) ? await this.pool.query<{ n: number }>(DELETE, values) : { rows: [] };
    if (!rows[0]?.n) throw new Problem('not_found', 'There is no such object, or it is not yours.');
  }
}
