import { defineEvent } from '@tandem/contracts/event';
import { jobReports } from '@tandem/contracts/event-subjects';
import type { JobReport } from '@tandem/contracts/job';
import { TransformImage } from '@tandem/contracts/media';
import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connectNats } from './connection.js';
import { JobReporter } from './job-reporter.js';
import { RetryLater } from './outcome.js';
import type { EventOf } from './received-event.js';
import { ACK_WAIT_MS } from './streams.js';
import { subscribeEvents } from './subscribe-events.js';
import {
  connection,
  log,
  publish,
  publisher,
  recorder,
  Settled,
  server,
  service,
  start,
  stops,
  unacknowledged,
  withNats,
} from './subscription.fixture.js';

const Refunded = defineEvent('payments.refunded', { summary: 'x', data: z.object({ reason: z.string() }) });

withNats();

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
