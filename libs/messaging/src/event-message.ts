import { randomUUID } from 'node:crypto';
import type { Envelope } from '@tandem/contracts/envelope';
import type { EventDefinition } from '@tandem/contracts/event';
import { eventSubject } from '@tandem/contracts/event-subjects';
import type { z } from 'zod';

/** A fact to publish. */
export interface NewEvent<E extends EventDefinition = EventDefinition> {
  event: E;
  data: z.input<E['data']>;
  /** What the event is about, such as the id of a payment. The outbox keeps the order of events about the same. */
  subject: string;
  tenant: string;
  /** Who caused it: a user's id, or the name of a service. */
  actor: string;
  /** Default: a random UUID. One that derives from the cause makes a repeat recognisable; it must be unique in the system. */
  id?: string;
  /** When it happened. Default: now. */
  time?: Date;
  /** Id of the chain of effects that it belongs to. Default: its own id. */
  correlationId?: string;
  /** Id of the event or command that led to it. */
  causationId?: string;
}

/** An event as it travels: JSON that has passed its schema, and its subject on NATS. */
export interface EventMessage {
  id: string;
  natsSubject: string;
  envelope: Envelope;
}

/** What a NATS header can carry, and an index of PostgreSQL. */
const ID = /^[\x21-\x7e]{1,500}$/;

/** A NATS server takes 1 MiB by default, headers included. */
const MAX_BYTES = 1_000_000;

/**
 * Checks the data against the declaration and wraps it. Throws zod's error when it does not match, and a `RangeError`
 * when NATS cannot take the id or the size: refused here, where the author sees it, rather than by the broker, later.
 */
export function eventMessage<E extends EventDefinition>(fact: NewEvent<E>): EventMessage {
  const { event, id = randomUUID(), time = new Date() } = fact;
  if (!ID.test(id))
    throw new RangeError(`The id of an event ${event.type} must be 1 to 500 visible ASCII characters, without spaces.`);
  const envelope: Envelope = {
    specversion: '1.0',
    id,
    source: `/${event.type.split('.')[0]}`,
    type: event.type,
    subject: fact.subject,
    time: time.toISOString(),
    tenant: fact.tenant,
    actor: fact.actor,
    correlationid: fact.correlationId ?? id,
    causationid: fact.causationId,
    data: event.data.parse(fact.data),
  };
  const bytes = Buffer.byteLength(JSON.stringify(envelope));
  if (bytes > MAX_BYTES)
    throw new RangeError(
      `The event ${event.type} has ${bytes} bytes; NATS takes ${MAX_BYTES}. Store the content as an object and name it in the event.`,
    );
  return { id, natsSubject: eventSubject(event), envelope };
}
