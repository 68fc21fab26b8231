import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Envelope } from '@tandem/contracts/envelope';
import { eventSubject } from '@tandem/contracts/event-subjects';
import { STREAMS } from '@tandem/contracts/subjects';
import { registry } from '@tandem/telemetry/metrics';
import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { Rejected } from './outcome.js';
import { PARKED_HEADERS, parkedSubject } from './park-event.js';
import {
  connection,
  publish,
  recorder,
  Settled,
  service,
  start,
  unacknowledged,
  withNats,
} from './subscription.fixture.js';

withNats();

async function parked() {
  const manager = await jetstreamManager(connection.nc);
  const subject = parkedSubject(service(), 'payments-settled');
  const message = await manager.streams.getMessage(STREAMS.parked.name, { last_by_subj: subject });
  if (!message) throw new Error('nothing parked yet');
  return message;
}

describe('an event that cannot be handled', () => {
  test('is parked after so many deliveries, and blocks none of its neighbours', async () => {
    const { seen, handle } = recorder();
    let failures = 0;
    // All are there before the first is handled, or a slow publisher would be what the neighbours wait for.
    for (const cents of [13, 1, 2, 3]) await publish(cents, cents === 13 ? 'poison' : undefined);
    await start(
      async (event) => {
        if (event.data.cents !== 13) return handle(event);
        failures += 1;
        throw new Error('password=hunter2');
      },
      { concurrency: 1, maxDeliveries: 4 },
    );
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
