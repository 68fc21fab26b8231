import { AckPolicy, type ConsumerMessages, DeliverPolicy, type JsMsg, jetstream } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { STREAMS } from '@tandem/contracts/subjects';
import type { Logger } from '@tandem/telemetry/logger';
import type { Connection } from './connection.js';
import { provisionConsumer } from './streams.js';

/** A durable reading of the event stream, at least once, in batches that grow with the load. */
export interface EventBatches {
  /** Resolves when the batch under way is done and acknowledged; what was not begun is handed back. */
  stop(): Promise<void>;
}

/** What a reader that died had in hand comes to another after this time; a batch takes far less. */
const ACK_WAIT_MS = 10_000;

/** Events held at once in this process; also bounds what comes again after a crash. */
const WINDOW = 4_000;

/**
 * Calls `handle` with up to `size` events at a time: one when it is quiet, full batches under load, never two calls at
 * once. Events are acknowledged after `handle` resolves; when it throws, the same events are tried again after a pause.
 */
export async function readEventBatches(
  connection: Connection,
  options: { durable: string; filter: string; size: number; log: Logger },
  handle: (events: JsMsg[]) => Promise<void>,
): Promise<EventBatches> {
  const queue: JsMsg[] = [];
  let stopped = false;
  let current: ConsumerMessages | undefined;
  let busy: Promise<void> | undefined;

  const work = async () => {
    // However long a batch takes, JetStream must not send again what waits here.
    const beat = setInterval(() => {
      for (const event of queue) event.working();
    }, ACK_WAIT_MS / 3);
    while (queue.length > 0 && !stopped) {
      const batch = queue.slice(0, options.size);
      try {
        await handle(batch);
        queue.splice(0, batch.length);
        for (const event of batch) event.ack();
      } catch (error) {
        options.log.error({ err: error, events: batch.length }, 'events not handled, trying again');
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
    clearInterval(beat);
    busy = undefined;
  };

  const consume = async () => {
    await provisionConsumer(connection.nc, STREAMS.events.name, {
      durable_name: options.durable,
      filter_subject: options.filter,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: WINDOW * 4,
      max_deliver: -1,
    });
    const consumer = await jetstream(connection.nc).consumers.get(STREAMS.events.name, options.durable);
    current = await consumer.consume({
      max_messages: WINDOW,
      // A consumer that is gone, as after a wiped store, ends this reading, and the next one creates it again.
      abort_on_missing_resource: true,
      callback: (event) => {
        queue.push(event);
        busy ??= work();
      },
    });
    return current;
  };

  await consume();
  const follow = async () => {
    while (!stopped) {
      try {
        const error = await current?.closed();
        if (stopped) return;
        if (error) options.log.warn({ err: error }, 'event consumer closed, opening it again');
        await new Promise((resolve) => setTimeout(resolve, 500));
        await consume();
      } catch (error) {
        current = undefined;
        options.log.warn({ err: error }, 'event consumer not ready, trying again');
      }
    }
  };
  void follow();

  return {
    async stop() {
      stopped = true;
      await current?.close();
      await busy;
      for (const event of queue.splice(0)) event.nak();
      await connection.nc.flush().catch(() => undefined);
    },
  };
}
