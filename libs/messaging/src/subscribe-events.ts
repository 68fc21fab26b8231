import { randomInt } from 'node:crypto';
import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { type Duration, milliseconds } from '@tandem/contracts/duration';
import type { EventDefinition } from '@tandem/contracts/event';
import { type SelectedEvent, subjectsOf } from '@tandem/contracts/event-subjects';
import type { JobError } from '@tandem/contracts/job';
import { STREAMS } from '@tandem/contracts/subjects';
import type { Logger } from '@tandem/telemetry/logger';
import { eventsParked } from '@tandem/telemetry/metrics';
import { backoff } from './backoff.js';
import type { Connection } from './connection.js';
import { parkEvent, parkedSubject } from './park-event.js';
import type { PulledMessage } from './pull-subscription.js';
import { PulledMessages } from './pulled-messages.js';
import type { EventOf } from './received-event.js';
import { type EventEnvironment, runEvent, type Verdict } from './run-event.js';
import { StoredPublisher } from './stored-publisher.js';
import { ACK_WAIT_MS, provisionConsumer, provisionStreams } from './streams.js';

/** What each subscription may choose. */
export interface SubscriptionSettings {
  /** Names the subscription within its service. Default: the event's type with a dash for the dot. */
  name?: string;
  /** Events in work at once in this process. With more than 1 their order is lost. Default 8. */
  concurrency?: number;
  /** How long one delivery may take before it is aborted and counts as failed. Default 60 s. */
  timeout?: Duration;
  /** Deliveries before an event is parked. Default 20: about half an hour with the default delays. */
  maxDeliveries?: number;
  /** Milliseconds until the delivery after the n-th. Default: exponential with jitter, 5 minutes at most. */
  retryDelayMs?: (deliveries: number) => number;
}

/** A subscription's settings and what it needs from its process. */
export interface SubscriptionOptions<E extends EventDefinition | SelectedEvent> extends SubscriptionSettings {
  service: string;
  events: E | readonly E[];
  log: Logger;
  /** Copies of each stream in a NATS cluster. */
  replicas?: number;
}

/** A running subscription. */
export interface EventSubscription {
  /**
   * Takes no new events, hands back what has not begun, and resolves when what runs has ended. What still runs after
   * `graceMs` (default 30 s) is aborted and handed back.
   */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Subscribes a service to events, durably and at least once. All processes of a service share a subscription; every
 * service, and every name within it, has its own. It begins with the oldest event that the stream holds (7 days).
 *
 * An event is acknowledged after `handler` resolves. When it throws, the event comes again after a growing delay, and
 * the next events go on meanwhile; up to 20,000 may wait so, then the subscription pauses. `RetryLater` chooses the delay.
 * An event that `maxDeliveries` did not help, that the handler `Rejected`, or whose data do not match the declaration is
 * parked, see `park-event.ts`.
 *
 * Creates the streams and the consumer when they are missing, also when NATS has lost them later. Rejects when they
 * cannot be created.
 */
export async function subscribeEvents<const E extends EventDefinition | SelectedEvent>(
  connection: Connection,
  options: SubscriptionOptions<E>,
  handler: (event: EventOf<E>) => Promise<unknown>,
): Promise<EventSubscription> {
  const subscription = new Subscription(connection, options, handler as EventEnvironment['handler']);
  await subscription.start();
  return subscription;
}

/** The name that a subscription has when it chooses none. */
export function subscriptionName(events: readonly EventDefinition[], name?: string): string {
  const chosen = name ?? (events.length === 1 ? events[0]!.type.replace('.', '-') : '');
  if (!/^[a-z][a-z0-9-]*$/.test(chosen))
    throw new TypeError(
      `A subscription to ${events.map(({ type }) => type).join(', ') || 'no event'} needs a name in lower case, such as "send-receipt"; it has "${chosen}".`,
    );
  return chosen;
}

class Subscription implements EventSubscription {
  readonly #waiting: PulledMessage[] = [];
  readonly #suspects: PulledMessage[] = [];
  readonly #stopping = new AbortController();
  readonly #environment: EventEnvironment;
  readonly #events: readonly (EventDefinition | SelectedEvent)[];
  readonly #name: string;
  readonly #concurrency: number;
  readonly #pulled: PulledMessages;
  readonly #publisher: StoredPublisher;
  #running = 0;
  #alone = false;
  #stopped = false;

  constructor(
    private readonly connection: Connection,
    private readonly options: SubscriptionOptions<EventDefinition | SelectedEvent>,
    handler: EventEnvironment['handler'],
  ) {
    const { service, events, concurrency = 8, timeout = '60s', maxDeliveries = 20, retryDelayMs = backoff } = options;
    this.#events = [events].flat();
    this.#name = subscriptionName(this.#events, options.name);
    this.#concurrency = concurrency;
    this.#publisher = new StoredPublisher(connection.nc);
    this.#environment = {
      subscription: `${service}.${this.#name}`,
      events: new Map(this.#events.map((event) => [event.type, event])),
      handler,
      timeoutMs: milliseconds(timeout),
      maxDeliveries,
      retryDelayMs,
      stopping: this.#stopping.signal,
      log: options.log,
    };
    this.#pulled = new PulledMessages(connection, {
      stream: STREAMS.events.name,
      durables: [`${service}_${this.#name}`],
      bind: () => this.#bind(),
      // As many again as run are held ready, so that a free place is filled at once.
      room: () => concurrency * 2 - this.#running - this.#waiting.length - this.#suspects.length,
      least: Math.max(1, concurrency / 2),
      take: (message) => this.#take(message),
      log: options.log.child({ subscription: this.#environment.subscription }),
    });
  }

  start(): Promise<void> {
    return this.#pulled.start();
  }

  async stop(graceMs = 30_000): Promise<void> {
    this.#stopped = true;
    for (const message of [...this.#waiting.splice(0), ...this.#suspects.splice(0)])
      this.#pulled.release(message, () => message.nak());
    const deadline = setTimeout(() => this.#stopping.abort(new Error('the service is shutting down')), graceMs);
    await this.#pulled.stop();
    clearTimeout(deadline);
    await this.connection.nc.flush().catch(() => undefined);
  }

  async #bind(): Promise<void> {
    const { nc } = this.connection;
    const durable = `${this.options.service}_${this.#name}`;
    await provisionStreams(nc, this.options.replicas);
    await provisionConsumer(nc, STREAMS.events.name, {
      durable_name: durable,
      filter_subjects: this.#events.flatMap(subjectsOf),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      deliver_policy: DeliverPolicy.All,
      // Events that wait for their next delivery count against it: see the docstring of subscribeEvents.
      max_ack_pending: 20_000,
      // Unlimited, for the reason given in docs/adr/0002-no-max-deliver.md. The subscription itself parks.
      max_deliver: -1,
    });
  }

  #take(message: PulledMessage): void {
    // One that should have been parked, but came again: the process died of it, stalled, or was stopped.
    if (message.deliveries > this.#environment.maxDeliveries)
      this.#suspects.splice(randomInt(this.#suspects.length + 1), 0, message);
    else this.#waiting.push(message);
    this.#next();
  }

  /** Starts what may start. Suspects run alone, in random order: one may kill its process, and neighbours with it. */
  #next(): void {
    if (this.#stopped || this.#alone) return;
    if (this.#suspects.length > 0) {
      if (this.#running > 0) return;
      this.#alone = true;
      void this.#run(this.#suspects.shift()!);
      return;
    }
    while (this.#running < this.#concurrency && this.#waiting.length > 0) void this.#run(this.#waiting.shift()!);
  }

  async #run(message: PulledMessage): Promise<void> {
    this.#running += 1;
    const settle = await this.#settlement(message, await runEvent(this.#environment, message));
    this.#running -= 1;
    this.#alone = false;
    this.#pulled.release(message, settle);
    this.#next();
    this.#pulled.pump();
  }

  async #settlement(message: PulledMessage, verdict: Verdict): Promise<() => void> {
    if (verdict.outcome === 'handled') return () => message.ack();
    if (verdict.outcome === 'handed-back') return () => message.nak();
    if (verdict.outcome === 'retried') return () => message.nak(verdict.afterMs);
    return this.#park(message, verdict.error);
  }

  async #park(message: PulledMessage, error: JobError): Promise<() => void> {
    const { subscription, retryDelayMs, log } = this.#environment;
    const { subject, sequence } = message;
    const about = { subscription, subject, seq: sequence, ...error };
    try {
      await parkEvent(this.#publisher, parkedSubject(this.options.service, this.#name), message, error);
    } catch (cause) {
      log.error({ ...about, err: cause }, 'event given up, but not parked; it will be delivered again');
      return () => message.nak(retryDelayMs(message.deliveries));
    }
    eventsParked.inc({ subscription, error_type: error.code });
    log.error(about, 'event given up and parked');
    return () => message.ack();
  }
}
