import { jetstreamManager } from '@nats-io/jetstream';
import { defineEvent } from '@tandem/contracts/event';
import { STREAMS } from '@tandem/contracts/subjects';
import { createLogger } from '@tandem/telemetry/logger';
import { testNats } from '@tandem/testing/servers';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { z } from 'zod';
import { type Connection, connectNats } from './connection.js';
import { EventPublisher } from './event-publisher.js';
import type { EventOf } from './received-event.js';
import { provisionStreams } from './streams.js';
import { type EventSubscription, type SubscriptionSettings, subscribeEvents } from './subscribe-events.js';

export const Settled = defineEvent('payments.settled', {
  summary: 'A payment arrived',
  data: z.object({ cents: z.int() }),
});
export type Handle = (event: EventOf<typeof Settled>) => Promise<unknown>;

export const log = createLogger('test', { write: () => undefined });
export let server: Awaited<ReturnType<typeof testNats>>;
export let connection: Connection;
export let publisher: EventPublisher;
export let stops: (() => Promise<void>)[];
let tests = 0;

/** Gives every test of a file a connection, empty streams, and a service name of its own, as consumers outlive them. */
export function withNats(): void {
  beforeAll(async () => {
    server = await testNats();
  });

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
}

export const service = () => `probe${tests}`;

/** Subscribes to {@link Settled} until the test ends, with short delays. */
export async function start(
  handle: Handle,
  settings: SubscriptionSettings = {},
  over = connection,
): Promise<EventSubscription> {
  const options = { service: service(), events: Settled, log, retryDelayMs: () => 50, ...settings };
  const subscription = await subscribeEvents(over, options, handle);
  stops.push(() => subscription.stop(1_000));
  return subscription;
}

/** Remembers the amounts that it was given. */
export function recorder() {
  const seen: number[] = [];
  const handle: Handle = async ({ data }) => void seen.push(data.cents);
  return { seen, handle };
}

export function publish(cents: number, id?: string): Promise<void> {
  return publisher.publish({ event: Settled, data: { cents }, subject: `p${cents}`, tenant: 't', actor: 'a', id });
}

/** Events that the subscription of this test has not acknowledged. */
export async function unacknowledged(): Promise<number> {
  const manager = await jetstreamManager(connection.nc);
  const info = await manager.consumers.info(STREAMS.events.name, `${service()}_payments-settled`);
  return info.num_pending + info.num_ack_pending;
}
