import type { Envelope } from '@tandem/contracts/envelope';
import type { EventDefinition } from '@tandem/contracts/event';
import type { z } from 'zod';

/** An event as a subscription's handler receives it. Every delivery of the same event has the same `id`. */
export interface ReceivedEvent<T extends string = string, D = unknown> {
  /** The identity of the event: what an inbox remembers. */
  readonly id: string;
  readonly type: T;
  /** What the event is about; the id of the job in a report. */
  readonly subject: string;
  readonly time: Date;
  readonly tenant: string;
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly data: D;
  /** 1 for the first delivery. */
  readonly deliveries: number;
  /** Aborts when the delivery has taken too long, and when the process must stop now. */
  readonly signal: AbortSignal;
}

/** What a handler of `E` receives. Of several events it is a union, told apart by `type`. */
export type EventOf<E extends EventDefinition> =
  E extends EventDefinition<infer T, infer D> ? ReceivedEvent<T, z.output<D>> : never;

/** The handler's view of an envelope, with its data already checked. */
export function receivedEvent(
  envelope: Envelope,
  data: unknown,
  deliveries: number,
  signal: AbortSignal,
): ReceivedEvent {
  return {
    id: envelope.id,
    type: envelope.type,
    subject: envelope.subject,
    time: new Date(envelope.time),
    tenant: envelope.tenant,
    actor: envelope.actor,
    correlationId: envelope.correlationid,
    causationId: envelope.causationid,
    data,
    deliveries,
    signal,
  };
}
