import type { Pool, PoolClient } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { isUuid } from '../jobs/find-jobs.js';
import { ownerOf } from '../jobs/job-filter.js';

/** An upload in parts: whose it is, and whether it has become an object, which then has its id. */
export interface PartialUpload {
  id: string;
  tenant: string;
  owner: string;
  name: string | null;
  finishedSize: number | null;
}

const INSERT = `
  INSERT INTO gateway.uploads (id, tenant, owner, name, expires_at) VALUES ($1, $2, $3, $4, now() + $5 * interval '1 hour')`;
const FIND = `
  SELECT id, tenant, owner, name, finished_size::float8 AS "finishedSize" FROM gateway.uploads
  WHERE id = $1 AND tenant = $2 AND ($3::text IS NULL OR owner = $3)`;
const FINISH = 'UPDATE gateway.uploads SET finished_size = $2 WHERE id = $1 AND finished_size IS NULL';
const FINISHED = 'SELECT FROM gateway.uploads WHERE id = $1 AND finished_size IS NOT NULL';
const FORGET = 'DELETE FROM gateway.uploads WHERE id = ANY($1)';
// One that somebody holds is being written to.
const EXPIRED = `
  SELECT id FROM gateway.uploads WHERE expires_at < now() AND (held_until IS NULL OR held_until < now())
  ORDER BY expires_at LIMIT 100`;

/** The uploads in parts that are under way, and those that ended lately. Their bytes lie elsewhere. */
export class UploadRegister {
  constructor(
    private readonly pool: Pool,
    private readonly hours: number,
  ) {}

  async begin({ tenant, actor }: Principal, id: string, name: string | null): Promise<void> {
    await this.pool.query(INSERT, [id, tenant, actor, name, this.hours]);
  }

  /** Throws a `Problem` `not_found` for an upload that does not exist or is another's; the two look alike. */
  async find(principal: Principal, id: string): Promise<PartialUpload> {
    const values = [id, principal.tenant, ownerOf(principal)];
    const [upload] = isUuid(id) ? (await this.pool.query<PartialUpload>(FIND, values)).rows : [];
    if (!upload) throw new Problem('not_found', 'There is no such upload, or it is not yours, or it has expired.');
    return upload;
  }

  /** Within the transaction that registers its object; false when it has one already. */
  async finish(client: PoolClient, id: string, size: number): Promise<boolean> {
    return (await client.query(FINISH, [id, size])).rowCount === 1;
  }

  /** Whether it has become an object by now. */
  async isFinished(id: string): Promise<boolean> {
    return (await this.pool.query(FINISHED, [id])).rowCount === 1;
  }

  /** Ids of some uploads whose time is over. */
  async expired(): Promise<string[]> {
    return (await this.pool.query<{ id: string }>(EXPIRED)).rows.map(({ id }) => id);
  }

  async forget(ids: string[]): Promise<void> {
    await this.pool.query(FORGET, [ids]);
  }
}
