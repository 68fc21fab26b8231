import type { JobStep, JobView } from '@tandem/contracts/job';
import type { Pool } from 'pg';
import { CALLBACK_COLUMNS, type CallbackRow, callbackView } from '../callbacks/callback-view.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { type JobFilter, ownerOf, searchOf } from './job-filter.js';
import { jobView, VIEW_COLUMNS, type ViewRow } from './job-view.js';

const VISIBLE = 'FROM gateway.jobs WHERE id = $1 AND tenant = $2 AND ($3::text IS NULL OR actor = $3)';
const VIEW = `SELECT ${VIEW_COLUMNS}, history, ${CALLBACK_COLUMNS} ${VISIBLE}`;
const HISTORY = `SELECT created_at AS "createdAt", history, status, position ${VISIBLE}`;

/** Rows that one page looks at, at most: a filter that hardly anything satisfies gives short pages, not slow ones. */
const CANDIDATES = 2_000;

/** A page of jobs, newest first. */
export interface JobPage {
  jobs: JobView[];
  /** Give it as `cursor` to read on; absent on the last page. A page may be short, or empty, and still not be the last. */
  nextCursor?: string;
}

/** Reads the ledger for a caller: a signed-in user sees their own jobs, a service role all of its tenant. */
export class JobFinder {
  constructor(private readonly pool: Pool) {}

  /** Throws a `Problem` `not_found` for a job that does not exist or that the caller may not see; the two look alike. */
  async view(principal: Principal, id: string): Promise<JobView> {
    const { history, ...job } = await this.#one<ViewRow & CallbackRow & { history: JobStep[] }>(VIEW, principal, id);
    return { ...jobView(job, history), callback: callbackView(job) };
  }

  /** As {@link view}, with the columns that the event stream needs. */
  history(
    principal: Principal,
    id: string,
  ): Promise<{ createdAt: Date; history: JobStep[]; status: JobView['status']; position: number }> {
    return this.#one(HISTORY, principal, id);
  }

  async list(
    principal: Principal,
    { limit, cursor, ...filter }: JobFilter & { limit: number; cursor?: string },
  ): Promise<JobPage> {
    const { source, check, values } = searchOf(principal.tenant, ownerOf(principal), filter);
    const from = cursor === undefined ? source : `${source} AND j.id < $${values.push(decodeCursor(cursor))}`;
    const looked = check === undefined ? limit + 1 : CANDIDATES;
    const { rows } = await this.pool.query<ViewRow & { last: string | null }>(
      `WITH candidate AS (SELECT j.* ${from} ORDER BY j.id DESC LIMIT ${looked})
       SELECT * FROM (SELECT id AS last FROM candidate OFFSET ${looked - 1}) AS end_of_page
       FULL JOIN (
         SELECT ${VIEW_COLUMNS} FROM candidate WHERE ${check ?? 'true'} ORDER BY candidate.id DESC LIMIT ${limit + 1}
       ) AS page ON false`,
      values,
    );
    const found = rows.filter((row) => row.id !== null);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1)!.id : rows.find((row) => row.id === null)?.last;
    return { jobs: page.map((row) => jobView(row)), nextCursor: last ? encodeCursor(last) : undefined };
  }

  /** How many jobs match, up to `most`; those only that were not replayed. */
  async countUnreplayed(tenant: string, actor: string | null, filter: JobFilter, most: number): Promise<number> {
    const { source, check, values } = searchOf(tenant, actor, filter);
    const { rows } = await this.pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM (SELECT 1 FROM (SELECT j.* ${source}) AS job
         WHERE ${check ?? 'true'} AND replayed_by IS NULL LIMIT ${most}) AS match`,
      values,
    );
    return rows[0]!.n;
  }

  async #one<Columns>(query: string, principal: Principal, id: string): Promise<Columns> {
    const rows: Columns[] = isUuid(id)
      ? (await this.pool.query(query, [id, principal.tenant, ownerOf(principal)])).rows
      : [];
    const [job] = rows;
    if (!job) throw new Problem('not_found', 'There is no such job, or it is not yours.');
    return job;
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether PostgreSQL would take `id` for a UUID. */
export function isUuid(id: string): boolean {
  return UUID.test(id);
}

function encodeCursor(id: string): string {
  return Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');
}

function decodeCursor(cursor: string): string {
  const hex = Buffer.from(cursor, 'base64url').toString('hex');
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (isUuid(id)) return id;
  throw new Problem('invalid_input', 'The cursor is not one that this API gave out. Begin again without it.', [
    { pointer: '/cursor', detail: 'unknown cursor' },
  ]);
}
