import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { Envelope } from '@tandem/contracts/envelope';
import type { EventDefinition } from '@tandem/contracts/event';
import type { JobError } from '@tandem/contracts/job';
import { parseTolerant } from '@tandem/contracts/parse';
import type { Logger } from '@tandem/telemetry/logger';
import { eventDuration, eventLag } from '@tandem/telemetry/metrics';
import { extractTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import { z } from 'zod';
import { Rejected, RetryLater } from './outcome.js';
import type { PulledMessage } from './pull-subscription.js';
import { type ReceivedEvent, receivedEvent } from './received-event.js';

/** Deliveries beyond the limit that a subscription grants an event whose handler gave no verdict the last time. */
const SPARE_DELIVERIES = 5;

/** What running one delivery needs from its subscription. */
export interface EventEnvironment {
  /** `<service>.<subscription>`, for spans, metrics and logs. */
  subscription: string;
  events: ReadonlyMap<string, EventDefinition>;
  handler: (event: ReceivedEvent) => Promise<unknown>;
  timeoutMs: number;
  maxDeliveries: number;
  retryDelayMs: (deliveries: number) => number;
  /** Aborts when the process must stop now. */
  stopping: AbortSignal;
  log: Logger;
}

/** What must become of a delivery. */
export type Verdict =
  | { outcome: 'handled' }
  | { outcome: 'handed-back' }
  | { outcome: 'retried'; afterMs: number }
  | { outcome: 'parked'; error: JobError };

/** Runs the handler on one delivery, in a span of the publisher's trace, and says what must become of it. Never rejects. */
export async function runEvent(environment: EventEnvironment, message: PulledMessage): Promise<Verdict> {
  const { subscription } = environment;
  const parent = extractTrace((name) => message.headers.get(name) || undefined);
  const envelope = Envelope.safeParse(json(message)).data;
  const span = tracer().startSpan(
    `process ${envelope?.type ?? message.subject}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'nats',
        'messaging.operation.type': 'process',
        'messaging.destination.name': message.subject,
        'messaging.consumer.group.name': subscription,
        'messaging.message.id': envelope?.id,
      },
    },
    parent,
  );
  const startedAt = Date.now();
  if (envelope && message.deliveries === 1)
    eventLag.observe({ subscription }, Math.max(0, startedAt - Date.parse(envelope.time)) / 1000);
  return context.with(trace.setSpan(parent, span), async () => {
    const verdict = await settle(environment, message, envelope);
    eventDuration.observe({ subscription, outcome: verdict.outcome }, (Date.now() - startedAt) / 1000);
    if (verdict.outcome === 'parked') span.setAttribute('error.type', verdict.error.code);
    if (verdict.outcome === 'parked' || verdict.outcome === 'retried')
      span.setStatus({ code: SpanStatusCode.ERROR, message: verdict.outcome });
    span.end();
    return verdict;
  });
}

async function settle(
  environment: EventEnvironment,
  message: PulledMessage,
  envelope: Envelope | undefined,
): Promise<Verdict> {
  const { maxDeliveries, retryDelayMs, stopping, subscription, log } = environment;
  const deliveries = message.deliveries;
  if (stopping.aborted) return { outcome: 'handed-back' };
  if (deliveries > maxDeliveries + SPARE_DELIVERIES)
    return parked('worker_lost', `The process died or stalled on the last of ${deliveries - 1} deliveries.`);
  const definition = envelope && environment.events.get(envelope.type);
  if (!definition) return parked('malformed_body', 'The message is not the envelope of an event subscribed to.');
  const data = read(definition, envelope.data);
  // Repeating cannot help: a breaking change of an event is a new type, so this is the writer's mistake.
  if ('error' in data) return { outcome: 'parked', error: data.error };
  const error = await attempt(environment, (signal) => receivedEvent(envelope, data.value, deliveries, signal));
  if (!error) return { outcome: 'handled' };
  if (error instanceof Rejected) return parked(error.code, error.detail);
  if (stopping.aborted) return { outcome: 'handed-back' };
  log.warn({ err: error, subscription, event: envelope.id, type: envelope.type, deliveries }, 'event not handled');
  if (deliveries >= maxDeliveries) {
    const code = error instanceof TimedOut ? 'timeout' : error instanceof RetryLater ? 'unavailable' : 'internal';
    return parked(code, `Not handled in ${deliveries} deliveries; the log of the service has the cause.`);
  }
  return { outcome: 'retried', afterMs: error instanceof RetryLater ? error.afterMs : retryDelayMs(deliveries) };
}

function parked(code: JobError['code'], detail: string): Verdict {
  return { outcome: 'parked', error: { code, detail } };
}

function read(definition: EventDefinition, data: unknown): { value: unknown } | { error: JobError } {
  try {
    return { value: parseTolerant(definition.data, data) };
  } catch (error) {
    // Names of fields only: what they hold may be secret.
    const fields = error instanceof z.ZodError ? error.issues.map(({ path }) => path.join('.') || 'data') : ['data'];
    const detail = `The data does not match the declaration of ${definition.type}: ${[...new Set(fields)].join(', ')}.`;
    return { error: { code: 'invalid_input', detail } };
  }
}

/** Calls the handler; resolves to what it threw, if it threw, or to what aborted it. */
async function attempt(
  { handler, timeoutMs, stopping }: EventEnvironment,
  event: (signal: AbortSignal) => ReceivedEvent,
): Promise<unknown> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new TimedOut(timeoutMs)), timeoutMs);
  const stop = () => abort.abort(stopping.reason);
  stopping.addEventListener('abort', stop, { once: true });
  const aborted = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(abort.signal.reason), { once: true });
  });
  try {
    await Promise.race([handler(event(abort.signal)), aborted]);
    return undefined;
  } catch (error) {
    return (abort.signal.aborted ? abort.signal.reason : error) ?? new Error('the handler threw nothing');
  } finally {
    clearTimeout(timer);
    stopping.removeEventListener('abort', stop);
  }
}

class TimedOut extends Error {
  override readonly name = 'TimedOut';

  constructor(limitMs: number) {
    super(`The handler took longer than ${limitMs / 1000} s.`);
  }
}

function json(message: PulledMessage): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
