import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { Envelope } from '@tandem/contracts/envelope';
import { defineEvent } from '@tandem/contracts/event';
import { STREAMS } from '@tandem/contracts/subjects';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { provisionStreams } from '@tandem/messaging/streams';
import { subscribeEvents } from '@tandem/messaging/subscribe-events';
import { createLogger } from '@tandem/telemetry/logger';
import { currentTraceId } from '@tandem/telemetry/propagation';
import { startTracing, tracer } from '@tandem/telemetry/tracing';
import { eventually } from '@tandem/testing/eventually';
import { testNats, testPostgres } from '@tandem/testing/servers';
import pg, { type ClientBase, type Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openDatabase, poolOf } from './database.js';
import { Inbox } from './inbox.js';
import { inboxAndOutbox } from './inbox-and-outbox.js';
import { Outbox } from './outbox.js';
import { OutboxRelay } from './outbox-relay.js';
import { transaction } from './transaction.js';

const Moved = defineEvent('wallet.moved', { summary: 'Money moved', data: z.object({ n: z.int() }) });

const log = createLogger('test', { write: () => undefined });
const outbox = new Outbox('wallet');
let nats: Awaited<ReturnType<typeof testNats>>;
let url: string;
let database: DataSource;
let pool: Pool;
let connection: Connection;
let relays: OutboxRelay[];

beforeAll(async () => {
  nats = await testNats();
  ({ url } = await testPostgres());
  database = await openDatabase({ url, schema: 'wallet', migrations: [inboxAndOutbox('wallet')] });
  pool = poolOf(database);
  await pool.query('CREATE TABLE wallet.entries (n int, read boolean DEFAULT false)');
});
afterAll(async () => database?.destroy());

beforeEach(async () => {
  connection = await connectNats(nats.url, 'test');
  await provisionStreams(connection.nc);
  const manager = await jetstreamManager(connection.nc);
  await manager.streams.purge(STREAMS.events.name);
  await pool.query('TRUNCATE wallet.outbox, wallet.entries, wallet.inbox');
  relays = [];
});

afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  await connection.nc.close();
});

function startRelay(over: Pool = pool, pollMs?: number): OutboxRelay {
  const relay = new OutboxRelay({ outbox, pool: over, connection, log, pollMs });
  relays.push(relay);
  relay.start();
  return relay;
}

let ids = 0;
async function record(client: ClientBase, n: number, subject = 'w1'): Promise<void> {
  ids += 1;
  await client.query('INSERT INTO wallet.entries VALUES ($1)', [n]);
  await outbox.add(client, { event: Moved, data: { n }, subject, tenant: 't', actor: 'a', id: `event-${ids}` });
}

const move = (n: number, subject?: string) => transaction(pool, (client) => record(client, n, subject));

/** What the stream holds, in its order. */
async function published(): Promise<{ subject: string; n: number }[]> {
  const consumer = await jetstream(connection.nc).consumers.get(STREAMS.events.name);
  const { num_pending: count } = await consumer.info();
  const events: { subject: string; n: number }[] = [];
  if (count === 0) return events;
  for await (const message of await consumer.fetch({ max_messages: count, expires: 30_000 })) {
    const { subject, data } = Envelope.parse(message.json());
    events.push({ subject, n: Moved.data.parse(data).n });
  }
  return events;
}

const numbers = async () => (await published()).map(({ n }) => n);

async function waiting(): Promise<number> {
  return (await pool.query('SELECT count(*)::int AS n FROM wallet.outbox')).rows[0].n;
}

describe('an outbox', () => {
  test('publishes nothing of a transaction that was rolled back, and the next one once', async () => {
    startRelay();
    const undone = transaction(pool, async (client) => {
      await record(client, 1);
      throw new Error('changed my mind');
    });
    await expect(undone).rejects.toThrow('changed my mind');
    await move(2);
    await eventually(async () => expect(await numbers()).toEqual([2]));
    await eventually(async () => expect(await waiting()).toBe(0));
    expect((await pool.query('SELECT n FROM wallet.entries')).rows).toEqual([{ n: 2 }]);
  });

  test('refuses in the transaction what could never be published', async () => {
    const add = (data: { n: number }) => (client: ClientBase) =>
      outbox.add(client, { event: Moved, data, subject: 's', tenant: 't', actor: 'a' });
    await expect(transaction(pool, add({ n: 0.5 }))).rejects.toThrow(z.ZodError);
    expect(await waiting()).toBe(0);
  });
});

describe('a relay', () => {
  test('publishes at once after a commit in its process', async () => {
    startRelay(pool, 3_600_000);
    for (const n of [1, 2, 3]) {
      await move(n);
      await eventually(async () => expect(await waiting()).toBe(0));
    }
  });

  test('finds what other means committed', async () => {
    startRelay();
    const client = new pg.Client(url);
    await client.connect();
    await client.query('BEGIN');
    await record(client, 1);
    await client.query('COMMIT');
    await client.end();
    await eventually(async () => expect(await numbers()).toEqual([1]));
  });

  test('keeps the order of each subject when several processes relay', async () => {
    const other = new pg.Pool({ connectionString: url });
    const subjects = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (let n = 0; n < 100; n += 1) {
      await transaction(pool, async (client) => {
        for (const subject of subjects) await record(client, n, subject);
      });
    }
    for (const over of [pool, other, pool, other]) startRelay(over);
    await eventually(async () => expect(await waiting()).toBe(0), { timeoutMs: 30_000 });
    const events = await published();
    expect(events).toHaveLength(700);
    const ascending = Array.from({ length: 100 }, (_, n) => n);
    for (const subject of subjects)
      expect(events.filter((event) => event.subject === subject).map(({ n }) => n)).toEqual(ascending);
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await other.end();
  });

  test('publishes once what it published but could not delete', async () => {
    await dieBeforeDeletion();
    startRelay();
    await eventually(async () => expect(await waiting()).toBe(0));
    expect(await numbers()).toEqual([1, 2]);
  });

  test('has an event take effect once, even when JetStream has forgotten that it was published', async () => {
    const manager = await jetstreamManager(connection.nc);
    await manager.streams.update(STREAMS.events.name, { duplicate_window: nanos(100) });
    const inbox = new Inbox({ schema: 'wallet', pool, log });
    const repeats: boolean[] = [];
    const subscription = await subscribeEvents(connection, { service: 'reader', events: Moved, log }, (event) =>
      transaction(pool, async (client) => {
        const ran = await inbox.once(client, { consumer: 'reader', messageId: event.id }, () =>
          client.query('INSERT INTO wallet.entries VALUES ($1, true)', [event.data.n]),
        );
        repeats.push(!ran);
      }),
    );
    await dieBeforeDeletion();
    await eventually(() => expect(repeats).toHaveLength(2));
    await untilForgotten();
    startRelay();
    await eventually(() => expect(repeats.toSorted()).toEqual([false, false, true, true]));
    const { rows } = await pool.query('SELECT n FROM wallet.entries WHERE read ORDER BY n');
    expect(rows).toEqual([{ n: 1 }, { n: 2 }]);
    await subscription.stop();
    await manager.streams.update(STREAMS.events.name, { duplicate_window: nanos(120_000) });
  });

  test('keeps the trace of the transaction, up to the handler', async () => {
    const tracing = startTracing('test');
    const handled: (string | undefined)[] = [];
    const subscription = await subscribeEvents(connection, { service: 'traced', events: Moved, log }, async () => {
      handled.push(currentTraceId());
    });
    startRelay();
    const traceId = await tracer().startActiveSpan('request', async (span) => {
      await move(1);
      span.end();
      return span.spanContext().traceId;
    });
    await eventually(() => expect(handled).toEqual([traceId]));
    await subscription.stop();
    await tracing.shutdown();
  });

  test('publishes what was committed while NATS was down', async () => {
    startRelay();
    await nats.kill();
    await eventually(() => expect(connection.up()).toBe(false));
    for (const n of [1, 2, 3]) await move(n);
    await nats.restart();
    await eventually(async () => expect(await waiting()).toBe(0));
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  test('waits for a stream that is gone, and publishes when it is there again', async () => {
    startRelay();
    const manager = await jetstreamManager(connection.nc);
    await manager.streams.delete(STREAMS.events.name);
    await move(1);
    expect(await waiting()).toBe(1);
    await provisionStreams(connection.nc);
    await eventually(async () => expect(await waiting()).toBe(0));
    expect(await numbers()).toEqual([1]);
  });
});

/** Two events are published, then the relay's connection dies before the transaction that deletes them has ended. */
async function dieBeforeDeletion(): Promise<void> {
  await transaction(pool, async (client) => {
    await record(client, 1);
    await record(client, 2);
  });
  const blocker = new pg.Client(url);
  await blocker.connect();
  await blocker.query('BEGIN');
  // Not the first, or the relay would pass the subject over.
  await blocker.query('SELECT * FROM wallet.outbox ORDER BY position DESC LIMIT 1 FOR UPDATE');
  const relay = startRelay();
  await eventually(async () => expect(await activity('DELETE FROM wallet.outbox')).toHaveLength(1));
  expect(await numbers()).toEqual([1, 2]);
  const stopped = relay.stop();
  await blocker.query(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND query LIKE 'DELETE FROM wallet.outbox%'`);
  await stopped;
  await blocker.end();
  expect(await waiting()).toBe(2);
}

/** Resolves when JetStream takes an id again that it stored after all others. */
async function untilForgotten(): Promise<void> {
  const later = () => jetstream(connection.nc).publish('evt.wallet.other', '', { msgID: 'later' });
  await later();
  await eventually(async () => expect((await later()).duplicate).toBe(false));
}

/** What other sessions of the database are running that begins with `query`. */
async function activity(query: string): Promise<string[]> {
  const { rows } = await pool.query(
    `SELECT query FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
       AND state = 'active' AND query LIKE $1 || '%'`,
    [query],
  );
  return rows.map((row) => row.query);
}
