import { context, propagation, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { samplerFromEnv } from './sampler.js';
import { unrecordedSpans } from './unrecorded-spans.js';

/** A share in the tracing of this process. */
export interface Tracing {
  /** Gives the share back; the last one to do so flushes what is not yet exported. */
  shutdown(): Promise<void>;
}

let provider: TracerProvider | undefined;
let registered = false;
let shares = 0;

/**
 * Makes `service` a source of spans: registers the tracer provider, the context manager and W3C propagation of this
 * process. Later calls share the first one's, as the services of a standalone process do. Spans are exported over
 * OTLP/HTTP when `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set, and `OTEL_SERVICE_NAME`,
 * `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_TRACES_SAMPLER` mean what the OpenTelemetry specification says.
 */
export function startTracing(service: string, version?: string): Tracing {
  if (shares === 0) provider = register(service, version, process.env);
  shares += 1;
  let held = true;
  return {
    async shutdown() {
      if (!held) return;
      held = false;
      shares -= 1;
      if (shares === 0) await unregister();
    },
  };
}

/** Tandem's tracer. Spans are free of effect until {@link startTracing} has run. */
export function tracer(): Tracer {
  return trace.getTracer('tandem');
}

function register(service: string, version: string | undefined, env: NodeJS.ProcessEnv): TracerProvider | undefined {
  const exporting = Boolean(env.OTEL_EXPORTER_OTLP_ENDPOINT || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT);
  const started = exporting ? exportingProvider(service, version, env) : undefined;
  // Where an operator loaded an SDK with `node --import`, these keep that one, and ours stays unused.
  registered = trace.setGlobalTracerProvider(started ?? { getTracer: () => unrecordedSpans });
  if (registered) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  }
  return started;
}

function exportingProvider(service: string, version: string | undefined, env: NodeJS.ProcessEnv): TracerProvider {
  return new TracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ [ATTR_SERVICE_NAME]: service, [ATTR_SERVICE_VERSION]: version }))
      .merge(detectResources({ detectors: [envDetector] })),
    sampler: samplerFromEnv(env),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter() })],
  });
}

async function unregister(): Promise<void> {
  const stopped = provider;
  provider = undefined;
  if (registered) {
    trace.disable();
    context.disable();
    propagation.disable();
  }
  await stopped?.shutdown();
}
