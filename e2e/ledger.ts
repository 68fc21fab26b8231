import pg from 'pg';
import { expect } from 'vitest';
import { type Api, resultOf } from './api.js';

/** Runs one query on the gateway's database: what the API never shows, such as an object that nobody was told of. */
export async function query<T extends pg.QueryResultRow>(url: string, sql: string, values: unknown[]): Promise<T[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<T>(sql, values).finally(() => client.end());
  return rows;
}

/** How many jobs the ledger holds for one idempotent load: as many as were accepted, or somebody got two. */
export async function jobsOf(url: string, ids: string[]): Promise<number> {
  const sql = `
    SELECT count(*)::int AS jobs FROM gateway.jobs
    WHERE (tenant, actor) IN (SELECT tenant, actor FROM gateway.jobs WHERE id = ANY($1))`;
  return (await query<{ jobs: number }>(url, sql, [ids]))[0]!.jobs;
}

/**
 * Waits for the jobs to end, and holds each of them to the promise: succeeded, once, with exactly the objects that its
 * result names, whose bytes are the ones that were announced.
 */
export async function expectSucceededOnce(api: Api, url: string, ids: string[], timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const made = new Map<string, string[]>();
  await inParallel(ids, async (id) => {
    const job = await api.ended(id, Math.max(1_000, deadline - Date.now()));
    expect(job, JSON.stringify(job.error)).toMatchObject({ id, status: 'succeeded', attempt: 1 });
    const steps = (await api.steps(id)).map(({ status }) => status);
    expect(steps.filter((status) => status === 'succeeded')).toHaveLength(1);
    expect(steps.at(-1)).toBe('succeeded');
    const { renditions } = resultOf(job);
    made.set(id, renditions.map((rendition) => rendition.id).sort());
    for (const rendition of renditions) expect(await api.sha256(rendition.id)).toBe(rendition.sha256);
  });
  const registered = await query<{ job: string; objects: string[] }>(
    url,
    'SELECT job_id AS job, array_agg(id::text ORDER BY id::text) AS objects FROM gateway.objects WHERE job_id = ANY($1) GROUP BY job_id',
    [ids],
  );
  expect(new Map(registered.map(({ job, objects }) => [job, objects]))).toEqual(made);
}

async function inParallel<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const worker = async () => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
