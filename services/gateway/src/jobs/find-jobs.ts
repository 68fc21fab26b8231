import type { JobStatus, JobView } from '@tandem/contracts/job';
import type { Pool } from 'pg';
import type { DataSource, Repository } from 'typeorm';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { type Job, JobEntity } from './job.entity.js';
import { jobView, VIEW_COLUMNS } from './job-view.js';

// Every follower and every waiting request asks these, so they are not left to the query builder.
const VISIBLE = 'FROM gateway.jobs WHERE id = $1 AND tenant = $2 AND ($3::text IS NULL OR actor = $3)';
const VIEW = `
  SELECT id, command, status, attempt, attempts, created_at AS "createdAt", started_at AS "startedAt",
    finished_at AS "finishedAt", due_at AS "dueAt", result, error, trace_parent AS "traceParent" ${VISIBLE}`;
const HISTORY = `SELECT created_at AS "createdAt", history, status, position ${VISIBLE}`;

/** A page of jobs, newest first. */
export interface JobPage {
  jobs: JobView[];
  /** Give it as `cursor` to read on; absent on the last page. */
  nextCursor?: string;
}

/** Which jobs to list. */
export interface JobFilter {
  status?: JobStatus;
  command?: string;
  limit: number;
  cursor?: string;
}

/** Reads the ledger for a caller: a signed-in user sees their own jobs, a service role all of its tenant. */
export class JobFinder {
  readonly #jobs: Repository<Job>;

  constructor(
    source: DataSource,
    private readonly pool: Pool,
  ) {
    this.#jobs = source.getRepository(JobEntity);
  }

  /** Throws a `Problem` `not_found` for a job that does not exist or that the caller may not see; the two look alike. */
  async view(principal: Principal, id: string): Promise<JobView> {
    return jobView(await this.#one<Parameters<typeof jobView>[0]>(VIEW, principal, id));
  }

  /** As {@link view}, with the columns that the event stream needs. */
  history(principal: Principal, id: string): Promise<Pick<Job, 'createdAt' | 'history' | 'status' | 'position'>> {
    return this.#one(HISTORY, principal, id);
  }

  async list(principal: Principal, filter: JobFilter): Promise<JobPage> {
    const query = this.#jobs
      .createQueryBuilder('job')
      .select(VIEW_COLUMNS.map((column) => `job.${column}`))
      .where('job.tenant = :tenant', { tenant: principal.tenant })
      .orderBy('job.id', 'DESC')
      .limit(filter.limit + 1);
    if (principal.role === 'authenticated') query.andWhere('job.actor = :actor', { actor: principal.actor });
    if (filter.status) query.andWhere('job.status = :status', { status: filter.status });
    if (filter.command) query.andWhere('job.command = :command', { command: filter.command });
    if (filter.cursor) query.andWhere('job.id < :after', { after: decodeCursor(filter.cursor) });
    const rows = await query.getMany();
    const page = rows.slice(0, filter.limit);
    return {
      jobs: page.map(jobView),
      nextCursor: rows.length > filter.limit ? encodeCursor(page.at(-1)!.id) : undefined,
    };
  }

  async #one<Columns>(query: string, principal: Principal, id: string): Promise<Columns> {
    const actor = principal.role === 'authenticated' ? principal.actor : null;
    const rows: Columns[] = isUuid(id) ? (await this.pool.query(query, [id, principal.tenant, actor])).rows : [];
    const [job] = rows;
    if (!job) throw new Problem('not_found', 'There is no such job, or it is not yours.');
    return job;
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function isUuid(id: string): boolean {
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
