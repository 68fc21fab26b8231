import { eventually } from '@tandem/testing/eventually';
import { freePort } from '@tandem/testing/free-port';
import { testPostgres } from '@tandem/testing/servers';
import { Client, Pool } from 'pg';
import { expect, test } from 'vitest';
import { isDatabaseAway } from './database-away.js';

test('a server that nobody started is away', async () => {
  const pool = new Pool({ connectionString: `postgres://nobody@127.0.0.1:${await freePort()}/none` });
  expect(isDatabaseAway(await reason(pool.query('SELECT 1')))).toBe(true);
});

test('a session that the server ends in the middle of a query is away, and so is the next query on it', async () => {
  const { url } = await testPostgres();
  const [client, operator] = [new Client(url), new Client(url)];
  await Promise.all([client.connect(), operator.connect()]);
  client.on('error', () => undefined);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const query = reason(client.query('SELECT pg_sleep(60)'));
  await eventually(async () => {
    const active = await operator.query(`SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND state = 'active'`, [
      rows[0]!.pid,
    ]);
    expect(active.rowCount).toBe(1);
  });
  await operator.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
  expect(isDatabaseAway(await query)).toBe(true);
  expect(isDatabaseAway(await reason(client.query('SELECT 1')))).toBe(true);
  await operator.end();
});

test('a query that takes longer than the pool waits is away; a refused one is not', async () => {
  const { url } = await testPostgres();
  const [hasty, patient] = [
    new Pool({ connectionString: url, query_timeout: 50 }),
    new Pool({ connectionString: url }),
  ];
  const holder = await patient.connect();
  await holder.query('SELECT pg_advisory_lock(1)');
  expect(isDatabaseAway(await reason(hasty.query('SELECT pg_advisory_lock(1)')))).toBe(true);
  holder.release(true);
  expect(isDatabaseAway(await reason(patient.query('SELECT 1 / 0')))).toBe(false);
  expect(isDatabaseAway(new TypeError('a bug'))).toBe(false);
  await Promise.all([hasty.end(), patient.end()]);
});

function reason(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
}
