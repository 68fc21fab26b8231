import { headers, type NatsConnection } from '@nats-io/transport-node';
import { context as activeContext, type Context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { EventDefinition } from '@tandem/contracts/event';
import { injectTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import { type EventMessage, eventMessage, type NewEvent } from './event-message.js';
import { StoredPublisher } from './stored-publisher.js';

/**
 * Publishes declared events to JetStream. For an event that must be published if and only if a database transaction
 * commits, use the outbox of `@tandem/persistence`.
 */
export class EventPublisher {
  readonly #publisher: StoredPublisher;

  constructor(nc: NatsConnection) {
    this.#publisher = new StoredPublisher(nc);
  }

  /**
   * Resolves when JetStream has stored the event. Throws zod's error when the data does not match the declaration, and
   * rejects when JetStream does not store it within 5 s. The message id is the event's, so publishing the same event
   * again within two minutes stores it once.
   */
  async publish<E extends EventDefinition>(fact: NewEvent<E>): Promise<void> {
    await this.send(eventMessage(fact));
  }

  /** Like {@link publish}, for an event that was checked before, as a child of the trace in `parent`. */
  async send({ id, natsSubject, envelope }: EventMessage, parent: Context = activeContext.active()): Promise<void> {
    const span = tracer().startSpan(
      `publish ${envelope.type}`,
      {
        kind: SpanKind.PRODUCER,
        attributes: {
          'messaging.system': 'nats',
          'messaging.operation.type': 'send',
          'messaging.destination.name': natsSubject,
          'messaging.message.id': id,
        },
      },
      parent,
    );
    const carrier = headers();
    injectTrace((name, value) => carrier.set(name, value), trace.setSpan(parent, span));
    carrier.set('Nats-Msg-Id', id);
    try {
      await this.#publisher.publish(natsSubject, JSON.stringify(envelope), carrier);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'not stored by JetStream' });
      throw error;
    } finally {
      span.end();
    }
  }
}
