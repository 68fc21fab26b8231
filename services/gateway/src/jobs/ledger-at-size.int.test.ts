import { openDatabase, poolOf } from '@tandem/persistence/database';
import { createLogger } from '@tandem/telemetry/logger';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { testPostgres } from '@tandem/testing/servers';
import type { Pool } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Principal } from '../identity/principal.js';
import { LedgerAndObjects1763700000000 } from '../migrations/1-ledger-and-objects.js';
import { OptionsBatchesAndCounts1763800000000 } from '../migrations/2-options-batches-and-counts.js';
import { JobCounter } from './count-jobs.js';
import { JobFinder } from './find-jobs.js';
import { JobRetention } from './forget-jobs.js';
import { JobFilter } from './job-filter.js';
import { newJobId } from './job-id.js';
import { SCHEMA } from './job-row.js';

const JOBS = 30_000;
const BATCH = newJobId();
const log = createLogger('test', { write: () => undefined });
const caller: Principal = { tenant: 'big', actor: 'a', role: 'service_role', scopes: 'all', expiresAt: 0 };

// One in a hundred failed, one in ten thousand by timeout; the newest of all succeeded.
const FILL = `
  INSERT INTO gateway.jobs (id, tenant, actor, command, input, attempts, status, position, moved_at, created_at, finished_at, error, tags, batch)
  SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7000' || '8000' || lpad(to_hex(n), 12, '0'))::uuid,
    'big', 'actor-' || n % 50, 'probe.run', '{}', 3, CASE WHEN n % 100 = 1 THEN 'failed' ELSE 'succeeded' END, 1000000000,
    now(), to_timestamp(1700000000 + n / 1000.0), now() - CASE WHEN n % 2 = 0 THEN interval '1 hour' ELSE interval '40 days' END,
    CASE WHEN n % 10000 = 1 THEN '{"code":"timeout"}' WHEN n % 100 = 1 THEN '{"code":"internal"}' END::json,
    CASE WHEN n % 1000 = 1 THEN ARRAY['rare'] ELSE '{}' END, CASE WHEN n < 5000 THEN $2::uuid END
  FROM generate_series(1, $1) AS n`;

let pool: Pool;
let finder: JobFinder;

beforeAll(async () => {
  const { url } = await testPostgres();
  const migrations = [LedgerAndObjects1763700000000, OptionsBatchesAndCounts1763800000000];
  const database = await openDatabase({ url, schema: SCHEMA, migrations });
  atEndOfFile(() => database.destroy());
  pool = poolOf(database);
  finder = new JobFinder(pool);
  await pool.query(FILL, [JOBS, BATCH]);
  await pool.query(`INSERT INTO gateway.job_tags SELECT tenant, tag, id FROM gateway.jobs, unnest(tags) AS tag`);
  await pool.query('ANALYZE gateway.jobs, gateway.job_tags');
});

/** Rows that a statement touched in tables and indexes, by EXPLAIN ANALYZE. */
async function rowsRead(sql: string, values: unknown[]): Promise<number> {
  const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, values);
  const scans: number[] = [];
  const walk = (node: Record<string, unknown>): void => {
    const removed = Number(node['Rows Removed by Filter'] ?? 0);
    if (String(node['Node Type']).includes('Scan') && node['Relation Name'])
      scans.push((Number(node['Actual Rows']) + removed) * Number(node['Actual Loops']));
    for (const child of (node.Plans as Record<string, unknown>[]) ?? []) walk(child);
  };
  walk(rows[0]['QUERY PLAN'][0].Plan);
  return scans.reduce((sum, count) => sum + count, 0);
}

/** A pool that measures what it is asked instead of answering. */
function measuring(): { finder: JobFinder; read: () => Promise<number> } {
  let last: [string, unknown[]] = ['', []];
  const query = (sql: string, values: unknown[]) => {
    last = [sql, values];
    return pool.query(sql, values);
  };
  return { finder: new JobFinder({ query } as unknown as Pool), read: () => rowsRead(...last) };
}

describe('a ledger of many jobs', () => {
  test.each([
    ['the newest', {}],
    ['those of one state', { status: 'failed' }],
    ['those of a state and an error', { status: 'failed', error: 'timeout' }],
    ['those of a tag', { tag: 'rare' }],
    [
      'those of a time',
      {
        createdAfter: new Date(1_700_000_010_000).toISOString(),
        createdBefore: new Date(1_700_000_011_000).toISOString(),
      },
    ],
    ['those that do not exist', { status: 'running' }],
  ])('reads no more than a page to list %s', async (_what, filter) => {
    const measured = measuring();
    await measured.finder.list(caller, { ...JobFilter.parse(filter), limit: 20 });
    expect(await measured.read()).toBeLessThanOrEqual(2_200);
  });

  test('reads a batch, and no job beside it, to list it', async () => {
    const measured = measuring();
    await measured.finder.list(caller, { ...JobFilter.parse({ batch: BATCH }), limit: 20 });
    expect(await measured.read()).toBeLessThanOrEqual(5_000);
  });

  test('finds what is rare page by page, and all of it', async () => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await finder.list(caller, { ...JobFilter.parse({ error: 'timeout' }), limit: 2, cursor });
      found.push(...page.jobs.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(new Set(found).size).toBe(3);
    expect(found).toHaveLength(3);
  });

  test('gives every job of a filter once, newest first', async () => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await finder.list(caller, { ...JobFilter.parse({ status: 'failed' }), limit: 100, cursor });
      ids.push(...page.jobs.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(ids).toHaveLength(JOBS / 100);
    expect(ids).toEqual([...new Set(ids)].sort().reverse());
  });

  test('counts by state without looking at the jobs', async () => {
    const counter = new JobCounter(pool, log);
    expect((await counter.byCommand('big'))['probe.run']).toMatchObject({ failed: 300, succeeded: JOBS - 300 });
    expect((await counter.ofBatch(BATCH)).succeeded).toBe(4_949);
    counter.start();
    await pool.query(`DELETE FROM gateway.jobs WHERE status = 'failed' AND error->>'code' = 'timeout'`);
    expect((await counter.byCommand('big'))['probe.run']?.failed).toBe(297);
    await counter.stop();
  });

  test('forgets what is past its retention, and nothing else', async () => {
    const retention = new JobRetention({ failedDays: 0, otherDays: 30 }, pool, log);
    await retention.forget();
    const { rows } = await pool.query(
      `SELECT status, count(*)::int AS n FROM gateway.jobs WHERE finished_at < now() - interval '30 days' GROUP BY status`,
    );
    expect(rows).toEqual([{ status: 'failed', n: 297 }]);
    const { rows: kept } = await pool.query(`SELECT count(*)::int AS n FROM gateway.jobs WHERE status = 'succeeded'`);
    expect(kept[0].n).toBe(JOBS / 2);
  });
});
