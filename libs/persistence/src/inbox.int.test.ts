import { createLogger } from '@tandem/telemetry/logger';
import { eventually } from '@tandem/testing/eventually';
import { testPostgres } from '@tandem/testing/servers';
import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, poolOf } from './database.js';
import { Inbox } from './inbox.js';
import { inboxAndOutbox } from './inbox-and-outbox.js';
import { transaction } from './transaction.js';

const log = createLogger('test', { write: () => undefined });
let database: DataSource;
let pool: Pool;

beforeAll(async () => {
  const { url } = await testPostgres();
  database = await openDatabase({ url, schema: 'shop', migrations: [inboxAndOutbox('shop')] });
  pool = poolOf(database);
  await pool.query('CREATE TABLE shop.effects (message text)');
});
afterAll(async () => database?.destroy());

/** Handles one delivery of a message as a subscription would. */
function deliver(messageId: string, consumer = 'receipts', after?: () => Promise<void>): Promise<boolean> {
  const inbox = new Inbox({ schema: 'shop', pool, log });
  return transaction(pool, (client) =>
    inbox.once(client, { consumer, messageId }, async () => {
      await client.query('INSERT INTO shop.effects VALUES ($1)', [messageId]);
      await after?.();
    }),
  );
}

async function effects(messageId: string): Promise<number> {
  const { rows } = await pool.query('SELECT count(*)::int AS n FROM shop.effects WHERE message = $1', [messageId]);
  return rows[0].n;
}

test('takes effect once when a message is delivered twice, and says so', async () => {
  expect(await deliver('twice')).toBe(true);
  expect(await deliver('twice')).toBe(false);
  expect(await effects('twice')).toBe(1);
});

test('takes effect once for every consumer', async () => {
  expect([await deliver('each', 'receipts'), await deliver('each', 'books')]).toEqual([true, true]);
});

test('forgets a message whose effect failed, so that the next delivery makes it', async () => {
  const failing = deliver('flaky', 'receipts', () => Promise.reject(new Error('no paper')));
  await expect(failing).rejects.toThrow('no paper');
  expect(await effects('flaky')).toBe(0);
  expect(await deliver('flaky')).toBe(true);
  expect(await effects('flaky')).toBe(1);
});

test('takes effect once when ten deliveries come at the same time', async () => {
  const ran = await Promise.all(Array.from({ length: 10 }, () => deliver('crowd')));
  expect(ran.filter(Boolean)).toHaveLength(1);
  expect(await effects('crowd')).toBe(1);
});

test('lets a waiting delivery take effect when the first one fails', async () => {
  let fail: (error: Error) => void = () => undefined;
  const held = new Promise<void>((_, reject) => {
    fail = reject;
  });
  const first = deliver('handover', 'receipts', () => held).catch(() => 'failed');
  await eventually(async () => expect(await openTransactions()).toBe(1));
  const second = deliver('handover');
  await eventually(async () => expect(await openTransactions()).toBe(2));
  fail(new Error('gone'));
  expect([await first, await second]).toEqual(['failed', true]);
  expect(await effects('handover')).toBe(1);
});

async function openTransactions(): Promise<number> {
  const { rows } = await pool.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND query LIKE '%INSERT INTO shop.%'",
  );
  return rows[0].n - 1;
}

test('removes rows that are too old by itself, however many, and keeps the others', async () => {
  await pool.query(
    "INSERT INTO shop.inbox SELECT 'old', n::text, now() - interval '31 days' FROM generate_series(1, 12000) n",
  );
  await pool.query("INSERT INTO shop.inbox VALUES ('young', '1', now() - interval '29 days')");
  const inbox = new Inbox({ schema: 'shop', pool, log });
  await transaction(pool, (client) => inbox.once(client, { consumer: 'c', messageId: 'm' }, async () => undefined));
  await inbox.swept();
  const { rows } = await pool.query("SELECT consumer FROM shop.inbox WHERE consumer IN ('old', 'young')");
  expect(rows).toEqual([{ consumer: 'young' }]);
});

test('refuses a schema whose name would need quotes', () => {
  expect(() => new Inbox({ schema: 'a"; DROP', pool, log })).toThrow(/lower-case letters/);
});
