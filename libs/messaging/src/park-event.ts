import { headers } from '@nats-io/transport-node';
import type { JobError } from '@tandem/contracts/job';
import type { PulledMessage } from './pull-subscription.js';
import type { StoredPublisher } from './stored-publisher.js';

/** `parked.<service>.<subscription>`, in the stream `PARKED`: what a subscription gave up, for an operator to look at. */
export function parkedSubject(service: string, subscription: string): string {
  return `parked.${service}.${subscription}`;
}

/** Headers of a parked event; beside them it has those that it was published with. */
export const PARKED_HEADERS = {
  code: 'Tandem-Parked-Code',
  detail: 'Tandem-Parked-Detail',
  deliveries: 'Tandem-Parked-Deliveries',
  subject: 'Tandem-Parked-Subject',
  sequence: 'Tandem-Parked-Sequence',
} as const;

/**
 * Copies an event as it was received to the parked ones, with the reason in headers. Resolves when it is stored there;
 * only then may the event be acknowledged. A stream was chosen over a table because a subscription needs no database,
 * and a stream of its own over `EVENTS` because parked events must outlive those and push none of them out.
 */
export async function parkEvent(
  publisher: StoredPublisher,
  subject: string,
  message: PulledMessage,
  error: JobError,
): Promise<void> {
  const carrier = headers();
  for (const [name, values] of message.headers) if (!name.startsWith('Nats-')) carrier.set(name, values[0]!);
  carrier.set(PARKED_HEADERS.code, error.code);
  carrier.set(PARKED_HEADERS.detail, error.detail.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 500));
  carrier.set(PARKED_HEADERS.deliveries, String(message.deliveries));
  carrier.set(PARKED_HEADERS.subject, message.subject);
  carrier.set(PARKED_HEADERS.sequence, String(message.sequence));
  // Parked once, should the acknowledgement be lost. A wiped stream counts from 1 again, hence the time.
  carrier.set('Nats-Msg-Id', `${subject}:${message.sequence}:${message.storedAtNanos}`);
  await publisher.publish(subject, message.data, carrier);
}
