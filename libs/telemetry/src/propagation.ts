import { type Context, context, isSpanContextValid, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';

// Used directly, not through the global propagator: headers are then right even where tracing was never started.
const w3c = new W3CTraceContextPropagator();

/** Writes `traceparent` (and `tracestate`) of `ctx`, by default the active context. Writes nothing outside a trace. */
export function injectTrace(set: (name: string, value: string) => void, ctx: Context = context.active()): void {
  w3c.inject(ctx, undefined, { set: (_carrier, name, value) => set(name, value) });
}

/** The context that the headers name, or the root context when they are missing or malformed. */
export function extractTrace(get: (name: string) => string | undefined): Context {
  return w3c.extract(ROOT_CONTEXT, undefined, {
    get: (_carrier, name) => get(name) || undefined,
    keys: () => w3c.fields(),
  });
}

/** `traceparent` of the active span (W3C Trace Context, version 00). */
export function traceParent(): string | undefined {
  const span = activeSpanContext();
  return span && `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/** Id of the active trace: 32 lower-case hexadecimal digits. */
export function currentTraceId(): string | undefined {
  return activeSpanContext()?.traceId;
}

/** The context that a stored `traceparent` names, or the root context when there is none. */
export function contextFromTraceParent(traceparent: string | undefined | null): Context {
  return extractTrace((name) => (name === 'traceparent' ? (traceparent ?? undefined) : undefined));
}

/** Ids of the active span, if there is a valid one. */
export function activeSpanContext(): SpanContext | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? span : undefined;
}
