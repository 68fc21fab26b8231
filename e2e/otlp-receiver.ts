import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEndOfFile } from '@tandem/testing/cleanup';

/** A span as it arrived, with the service that made it. */
export type ReceivedSpan = {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  attributes: Record<string, unknown>;
};

/** A stand-in for a collector. */
export type OtlpReceiver = {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  endpoint: string;
  spans: ReceivedSpan[];
  /** Every request as text, to search for what must not be there. */
  bodies: string[];
};

/** Receives traces over OTLP/HTTP in JSON, which is what our exporter sends; https://opentelemetry.io/docs/specs/otlp/ */
export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    if (request.url === '/v1/traces') {
      bodies.push(body);
      spans.push(...spansOf(JSON.parse(body)));
    }
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEndOfFile(() => {
    server.close();
    server.closeAllConnections();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, bodies };
}

// biome-ignore lint/suspicious/noExplicitAny: an ExportTraceServiceRequest in JSON
function spansOf(request: any): ReceivedSpan[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  return request.resourceSpans.flatMap(({ resource, scopeSpans }: any) => {
    const service = attributesOf(resource.attributes)['service.name'];
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return scopeSpans.flatMap(({ spans }: any) =>
      // biome-ignore lint/suspicious/noExplicitAny: as above
      spans.map(({ name, traceId, spanId, parentSpanId, attributes }: any) => ({
        service,
        name,
        traceId,
        spanId,
        parentSpanId: parentSpanId || undefined,
        attributes: attributesOf(attributes),
      })),
    );
  });
}

function attributesOf(list: { key: string; value: Record<string, unknown> }[] = []): Record<string, unknown> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0]]));
}
