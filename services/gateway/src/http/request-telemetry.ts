import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Catalog } from '@tandem/contracts/catalog';
import { commandRoute } from '@tandem/contracts/subjects';
import { httpRequestDuration } from '@tandem/telemetry/metrics';
import { extractTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * One server span and one observation per request. Made here, not by an instrumentation package: those patch `http` from
 * outside, cost more, and know neither our routes nor the principal.
 */
export function observeRequests(server: FastifyInstance, catalog: Catalog): void {
  server.addHook('onRequest', (request, reply, done) => {
    const route = routeOf(request, catalog);
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

/** The route's template; of a command its own route, so that commands can be told apart. Bounded by the catalog. */
function routeOf(request: FastifyRequest, catalog: Catalog): string {
  const { service, command } = (request.params ?? {}) as { service?: string; command?: string };
  const declared = service && command ? catalog.get(`${service}.${command}`) : undefined;
  return declared ? commandRoute(declared) : (request.routeOptions.url ?? 'unknown');
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
