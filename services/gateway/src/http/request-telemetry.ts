import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { httpRequestDuration } from '@tandem/telemetry/metrics';
import { extractTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import type { FastifyInstance } from 'fastify';

/**
 * One server span and one observation per request. Made here, not by an instrumentation package: those patch `http` from
 * outside, cost more, and know neither our routes nor the principal.
 */
export function observeRequests(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const parent = extractTrace((name) => single(request.headers[name]));
    const span = tracer().startSpan(
      `${request.method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': request.method,
          'http.route': route,
          'url.path': request.url.split('?')[0],
        },
      },
      parent,
    );
    // Not the hook `onResponse`: it does not run when the client leaves before the end, as followers of jobs do.
    reply.raw.once('close', () => {
      const status = reply.statusCode;
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      httpRequestDuration.observe({ method: request.method, route, status: String(status) }, reply.elapsedTime / 1000);
    });
    context.with(trace.setSpan(parent, span), done);
  });
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
