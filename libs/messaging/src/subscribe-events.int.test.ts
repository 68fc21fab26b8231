import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Envelope } from '@tandem/contracts/envelope';
import { defineEvent } from '@tandem/contracts/event';
import { eventSubject, jobReports } from '@tandem/contracts/event-subjects';
import type { JobReport } from '@tandem/contracts/job';
import { TransformImage } from '@tandem/contracts/media';
import { STREAMS } from '@tandem/contracts/subjects';
import { createLogger } from '@tandem/telemetry/logger';
import { registry } from '@tandem/telemetry/metrics';
import { eventually } from '@tandem/testing/eventually';
import { testNats } from '@tandem/testing/servers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Connection, connectNats } from './connection.js';
import { EventPublisher } from './event-publisher.js';
import { JobReporter } from './job-reporter.js';
import { Rejected, RetryLater } from './outcome.js';
import { PARKED_HEADERS, parkedSubject } from './park-event.js';
import type { EventOf } from './received-event.js';
import { ACK_WAIT_MS, provisionStreams } from './streams.js';
import { type SubscriptionSettings, subscribeEvents } from './subscribe-events.js';

const Settled = defineEvent('payments.settled', { summary: 'A payment arrived', data: z.object({ cents: z.int() }) });
const Refunded = defineEvent('payments.refunded', { summary: 'x', data: z.object({ reason: z.string() }) });
type Handle = (event: EventOf<typeof Settled>) => Promise<unknown>;

const log = createLogger('test', { write: () => undefined });
let server: Awaited<ReturnType<typeof testNats>>;
let connection: Connection;
let publisher: EventPublisher;
let stops: (() => Promise<void>)[];
let tests = 0;

beforeAll(async () => {
  server = await testNats();
});
afterAll(async () => server?.stop());

beforeEach(async () => {
  connection = await connectNats(server.url, 'test');
  await provisionStreams(connection.nc);
  const manager = await jetstreamManager(connection.nc);
  for (const { name } of Object.values(STREAMS)) await manager.streams.purge(name);
  publisher = new EventPublisher(connection.nc);
  stops = [];
  tests += 1;
});

afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await connection.nc.close();
});

/** Every test has a subscription of its own, as consumers outlive them. */
const service = () => `probe${tests}`;

async function start(handle: Handle, settings: SubscriptionSettings = {}, over = connection) {
  const options = { service: service(), events: Settled, log, retryDelayMs: () => 50, ...settings };
  const subscription = await subscribeEvents(over, options, handle);
  stops.push(() => subscription.stop(1_000));
  return subscription;
}

/** Remembers the amounts that it was given. */
function recorder() {
  const seen: number[] = [];
  const handle: Handle = async ({ data }) => void seen.push(data.cents);
  return { seen, handle };
}

function publish(cents: number, id?: string): Promise<void> {
  return publisher.publish({ event: Settled, data: { cents }, subject: `p${cents}`, tenant: 't', actor: 'a', id });
}

async function parked() {
  const manager = await jetstreamManager(connection.nc);
  const subject = parkedSubject(service(), 'payments-settled');
  const message = await manager.streams.getMessage(STREAMS.parked.name, { last_by_subj: subject });
  if (!message) throw new Error('nothing parked yet');
  return message;
}

async function unacknowledged(): Promise<number> {
  const manager = await jetstreamManager(connection.nc);
  const info = await manager.consumers.info(STREAMS.events.name, `${service()}_payments-settled`);
  return info.num_pending + info.num_ack_pending;
}

describe('a publisher', () => {
  test('stores an event that carries the same id once', async () => {
    const { seen, handle } = recorder();
    await publish(1, 'same');
    await publish(1, 'same');
    await publish(2);
    await start(handle);
    await eventually(async () => expect(await unacknowledged()).toBe(0));
    expect(seen).toEqual([1, 2]);
  });

  test('refuses data that do not match the declaration, an id that NATS cannot carry, and what is too large', async () => {
    await expect(publish(0.5)).rejects.toThrow(z.ZodError);
    await expect(publish(1, 'a\nb')).rejects.toThrow(/visible ASCII/);
    const large = { event: Refunded, data: { reason: 'x'.repeat(1_000_000) }, subject: 's', tenant: 't', actor: 'a' };
    await expect(publisher.publish(large)).rejects.toThrow(/Store the content as an object/);
  });
});

describe('a subscription', () => {
  test('receives what was published before it began, with the envelope', async () => {
    await publish(7, 'seventh');
    const events: EventOf<typeof Settled>[] = [];
    await start(async (event) => void events.push(event));
    await eventually(() => expect(events).toHaveLength(1));
    expect(events[0]).toMatchObject({
      id: 'seventh',
      type: 'payments.settled',
      subject: 'p7',
      tenant: 't',
      actor: 'a',
      correlationId: 'seventh',
      data: { cents: 7 },
      deliveries: 1,
    });
  });

  test('receives an event again until its handler succeeds, and the others meanwhile', async () => {
    const { seen, handle } = recorder();
    const deliveries: number[] = [];
    await start(
      async (event) => {
        if (event.data.cents !== 1) return handle(event);
        deliveries.push(event.deliveries);
        if (event.deliveries < 3) throw new Error('not yet');
      },
      { concurrency: 1 },
    );
    for (const cents of [1, 2, 3]) await publish(cents);
    await eventually(() => expect(deliveries).toEqual([1, 2, 3]));
    await eventually(async () => expect(await unacknowledged()).toBe(0));
    expect(seen).toEqual([2, 3]);
  });

  test('waits as long as the handler asks with RetryLater', async () => {
    const times: number[] = [];
    await start(async () => {
      times.push(Date.now());
      if (times.length === 1) throw new RetryLater(700);
    });
    await publish(1);
    await eventually(() => expect(times).toHaveLength(2));
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(690);
  });

  test('delivers to another process what a dead one had in hand', async () => {
    const doomed = await connectNats(server.url, 'doomed');
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    await subscribeEvents(doomed, { service: service(), events: Settled, log }, () => {
      begin();
      return new Promise(() => undefined);
    });
    await publish(1);
    await begun;
    await doomed.nc.close();
    const { seen, handle } = recorder();
    await start(handle);
    await eventually(() => expect(seen).toEqual([1]), { timeoutMs: 2 * ACK_WAIT_MS });
  });

  test('keeps an event that takes longer than a silent one may', async () => {
    let runs = 0;
    await start(async () => {
      runs += 1;
      // Time itself is under test: JetStream gives an event away that is silent for ACK_WAIT_MS.
      await new Promise((resolve) => setTimeout(resolve, ACK_WAIT_MS + 2_000));
    });
    await publish(1);
    await eventually(async () => expect(await unacknowledged()).toBe(0), { timeoutMs: 2 * ACK_WAIT_MS });
    expect(runs).toBe(1);
  });

  test('is shared by the processes of a service, and not by other services', async () => {
    const other = await connectNats(server.url, 'other');
    const [one, two, stranger] = [recorder(), recorder(), recorder()];
    await start(one.handle, { concurrency: 2 });
    await start(two.handle, { concurrency: 2 }, other);
    const away = await subscribeEvents(other, { service: `${service()}b`, events: Settled, log }, stranger.handle);
    const all = Array.from({ length: 200 }, (_, cents) => cents);
    await Promise.all(all.map((cents) => publish(cents)));
    const ascending = (seen: number[]) => seen.toSorted((a, b) => a - b);
    await eventually(() => expect(ascending([...one.seen, ...two.seen])).toEqual(all));
    await eventually(() => expect(ascending(stranger.seen)).toEqual(all));
    expect(Math.min(one.seen.length, two.seen.length)).toBeGreaterThan(0);
    await Promise.all([...stops.splice(0).map((stop) => stop()), away.stop()]);
    await other.nc.close();
  });

  test('reads several events, told apart by their type', async () => {
    const seen: string[] = [];
    const subscription = await subscribeEvents(
      connection,
      { service: service(), name: 'books', events: [Settled, Refunded], log },
      async (event) => void seen.push(event.type === 'payments.settled' ? `+${event.data.cents}` : event.data.reason),
    );
    stops.push(() => subscription.stop());
    await publish(5);
    await publisher.publish({ event: Refunded, data: { reason: 'broken' }, subject: 's', tenant: 't', actor: 'a' });
    await eventually(() => expect(seen.sort()).toEqual(['+5', 'broken']));
  });

  test('reads the reports of jobs that it selects', async () => {
    const reports: JobReport[] = [];
    const events = jobReports({ command: TransformImage, states: ['failed'] });
    const subscription = await subscribeEvents(
      connection,
      { service: service(), name: 'failures', events, log },
      async ({ data }) => void reports.push(data),
    );
    stops.push(() => subscription.stop());
    const reporter = new JobReporter(connection.nc);
    const cause = { tenant: 't', actor: 'a', correlationid: 'c', id: 'i' } as never;
    const at = new Date().toISOString();
    const jobId = '0191f6a0-0000-7000-8000-000000000001';
    const base = { command: 'media.transform', jobId, run: 1, attempt: 1, at, startedAt: at, worker: 'w' };
    await reporter.ended(TransformImage, cause, { ...base, state: 'succeeded', result: {} });
    await reporter.ended(TransformImage, cause, {
      ...base,
      state: 'failed',
      error: { code: 'timeout', detail: 'late' },
    });
    await eventually(() => expect(reports).toMatchObject([{ jobId, state: 'failed', error: { code: 'timeout' } }]));
  });

  test('that stops hands back what it does not finish, and another takes it', async () => {
    const begun: number[] = [];
    const first = await start(
      ({ data }) => {
        begun.push(data.cents);
        return new Promise(() => undefined);
      },
      { concurrency: 1 },
    );
    await publish(1);
    await eventually(() => expect(begun).toEqual([1]));
    await publish(2);
    await first.stop(50);
    const { seen, handle } = recorder();
    await start(handle, { concurrency: 1 });
    await eventually(() => expect(seen.toSorted()).toEqual([1, 2]), { timeoutMs: 2 * ACK_WAIT_MS });
    expect(begun).toEqual([1]);
  });

  test('goes on after nats-server was killed and started again', async () => {
    const { seen, handle } = recorder();
    await start(handle);
    await publish(1);
    await eventually(() => expect(seen).toContain(1));
    await server.kill();
    await server.restart();
    await eventually(() => expect(connection.up()).toBe(true));
    await eventually(() => publish(2));
    await eventually(() => expect(seen).toContain(2));
  });

  test('recovers by itself when NATS has lost streams and consumers', async () => {
    const { seen, handle } = recorder();
    await start(handle);
    await publish(1);
    await eventually(() => expect(seen).toContain(1));
    await server.wipe();
    await eventually(() => expect(connection.up()).toBe(true));
    await eventually(() => publish(2), { timeoutMs: 30_000 });
    await eventually(() => expect(seen).toContain(2));
  });

  test('needs a name for several events', async () => {
    const options = { service: service(), events: [Settled, Refunded] as const, log };
    await expect(subscribeEvents(connection, options, async () => undefined)).rejects.toThrow(/needs a name/);
  });
});

describe('an event that cannot be handled', () => {
  test('is parked after so many deliveries, and blocks none of its neighbours', async () => {
    const { seen, handle } = recorder();
    let failures = 0;
    await start(
      async (event) => {
        if (event.data.cents !== 13) return handle(event);
        failures += 1;
        throw new Error('password=hunter2');
      },
      { concurrency: 1, maxDeliveries: 4 },
    );
    await publish(13, 'poison');
    for (const cents of [1, 2, 3]) await publish(cents);
    const message = await eventually(parked);
    expect(seen).toEqual([1, 2, 3]);
    expect(failures).toBe(4);
    expect(Envelope.parse(message.json())).toMatchObject({ id: 'poison', data: { cents: 13 } });
    expect(message.header.get(PARKED_HEADERS.code)).toBe('internal');
    expect(message.header.get(PARKED_HEADERS.deliveries)).toBe('4');
    expect(message.header.get(PARKED_HEADERS.subject)).toBe(eventSubject(Settled));
    expect(JSON.stringify([...message.header])).not.toContain('hunter2');
    await eventually(async () => expect(await unacknowledged()).toBe(0));
    const line = `tandem_events_parked_total{subscription="${service()}.payments-settled",error_type="internal"} 1`;
    expect(await registry.metrics()).toContain(line);
  });

  test('is parked at once when the handler rejects it', async () => {
    await start(async () => {
      throw new Rejected('forbidden', 'The wallet is closed.');
    });
    await publish(1);
    const { header } = await eventually(parked);
    expect(header.get(PARKED_HEADERS.code)).toBe('forbidden');
    expect(header.get(PARKED_HEADERS.detail)).toBe('The wallet is closed.');
    expect(header.get(PARKED_HEADERS.deliveries)).toBe('1');
  });

  test('is parked at once when it does not match its declaration, with the names of the fields', async () => {
    const { seen, handle } = recorder();
    await start(handle);
    await jetstream(connection.nc).publish(
      eventSubject(Settled),
      JSON.stringify({
        specversion: '1.0',
        id: 'x',
        source: '/payments',
        type: 'payments.settled',
        subject: 's',
        time: new Date().toISOString(),
        tenant: 't',
        actor: 'a',
        correlationid: 'x',
        data: { cents: 'secret' },
      }),
    );
    const { header } = await eventually(parked);
    expect(header.get(PARKED_HEADERS.code)).toBe('invalid_input');
    expect(header.get(PARKED_HEADERS.detail)).toMatch(/payments\.settled: cents\.$/);
    expect(seen).toEqual([]);
  });

  test('is parked at once when it is no event at all', async () => {
    await start(async () => undefined);
    await jetstream(connection.nc).publish(eventSubject(Settled), 'not json');
    const message = await eventually(parked);
    expect(message.header.get(PARKED_HEADERS.code)).toBe('malformed_body');
    expect(message.string()).toBe('not json');
  });

  test('is aborted when it takes too long', async () => {
    let aborted = false;
    await start(
      ({ signal }) =>
        new Promise(() => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
        }),
      { timeout: '50ms', maxDeliveries: 1 },
    );
    await publish(1);
    const { header } = await eventually(parked);
    expect(header.get(PARKED_HEADERS.code)).toBe('timeout');
    expect(aborted).toBe(true);
  });

  test('runs alone when its processes died of it, and is given up when they keep dying', async () => {
    // Deliveries that never got a verdict, as when the process dies each time.
    await start(async () => undefined).then((subscription) => subscription.stop());
    await publish(1);
    await publish(2);
    const consumer = await jetstream(connection.nc).consumers.get(STREAMS.events.name, `${service()}_payments-settled`);
    const deliver = async (times: number) => {
      for (let delivery = 1; delivery <= times; delivery += 1) {
        for await (const message of await consumer.fetch({ max_messages: 2, expires: 5_000 })) message.nak();
      }
    };
    await deliver(3);
    let most = 0;
    let running = 0;
    const { seen, handle } = recorder();
    const survivor = await start(
      async (event) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        await handle(event);
        if (event.data.cents === 2) throw new Error('still');
      },
      { maxDeliveries: 3 },
    );
    const { header } = await eventually(parked);
    expect(header.get(PARKED_HEADERS.deliveries)).toBe('4');
    await eventually(() => expect(seen.toSorted()).toEqual([1, 2]));
    expect(most).toBe(1);
    await survivor.stop();

    await publish(3);
    await publish(4);
    await deliver(8);
    const late = recorder();
    await start(late.handle, { maxDeliveries: 3 });
    const lost = await eventually(async () => {
      const message = await parked();
      expect(message.header.get(PARKED_HEADERS.code)).toBe('worker_lost');
      return message;
    });
    expect(lost.header.get(PARKED_HEADERS.deliveries)).toBe('9');
    expect(late.seen).toEqual([]);
  });
});
