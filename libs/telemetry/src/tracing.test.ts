import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { contextFromTraceParent, currentTraceId, extractTrace, injectTrace, traceParent } from './propagation.js';
import { startTracing, type Tracing, tracer } from './tracing.js';

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let open: Tracing[] = [];
afterEach(async () => {
  await Promise.all(open.map((tracing) => tracing.shutdown()));
  open = [];
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
});

function start(service = 'gateway', version?: string): Tracing {
  const tracing = startTracing(service, version);
  open.push(tracing);
  return tracing;
}

describe('without an exporter', () => {
  it('gives spans ids that follow asynchronous calls, and records nothing', async () => {
    start();
    await tracer().startActiveSpan('request', async (span) => {
      await new Promise((resolve) => setImmediate(resolve));
      expect(span.isRecording()).toBe(false);
      expect(currentTraceId()).toBe(span.spanContext().traceId);
      expect(traceParent()).toBe(`00-${span.spanContext().traceId}-${span.spanContext().spanId}-00`);
    });
    expect(currentTraceId()).toBeUndefined();
  });

  it('continues the trace of its parent unsampled, with its tracestate, but not where a root is asked for', () => {
    start();
    const parent = extractTrace((name) => ({ traceparent: PARENT, tracestate: 'vendor=1' })[name]);
    const child = tracer().startSpan('child', {}, parent).spanContext();
    expect(child).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', traceFlags: 0 });
    expect(child.spanId).not.toBe('b7ad6b7169203331');
    expect(child.traceState?.serialize()).toBe('vendor=1');
    expect(tracer().startSpan('root', { root: true }, parent).spanContext().traceId).not.toBe(child.traceId);
    tracer().startActiveSpan('active', {}, parent, () => expect(currentTraceId()).toBe(child.traceId));
  });
});

describe('propagation', () => {
  it('continues the trace of an incoming header and hands it on', () => {
    start();
    const incoming = extractTrace((name) => (name === 'traceparent' ? PARENT : undefined));
    const headers = new Map<string, string>();
    context.with(incoming, () => {
      tracer().startActiveSpan('child', (span) => {
        injectTrace((name, value) => headers.set(name, value));
        expect(headers.get('traceparent')).toContain(`0af7651916cd43dd8448eb211c80319c-${span.spanContext().spanId}`);
      });
    });
  });

  it('keeps tracestate', () => {
    const headers: Record<string, string> = { traceparent: PARENT, tracestate: 'vendor=1' };
    const copied: Record<string, string> = {};
    injectTrace(
      (name, value) => {
        copied[name] = value;
      },
      extractTrace((name) => headers[name]),
    );
    expect(copied).toEqual(headers);
  });

  it.each([undefined, null, '', 'nonsense', `${PARENT}-extra`.replace('00-', 'ff-'), PARENT.replace(/[1-9a-f]/g, '0')])(
    'takes %j as no parent',
    (value) => {
      expect(trace.getSpanContext(contextFromTraceParent(value))).toBeUndefined();
    },
  );

  it('reads a stored traceparent', () => {
    expect(trace.getSpanContext(contextFromTraceParent(PARENT))?.spanId).toBe('b7ad6b7169203331');
  });

  it('writes nothing outside a trace', () => {
    const seen: string[] = [];
    injectTrace((name) => seen.push(name), ROOT_CONTEXT);
    expect(seen).toEqual([]);
  });
});

describe('with an exporter', () => {
  it('exports the spans of every share when the last one is given back', async () => {
    const collector = await startCollector();
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
    const [first, second] = [start('gateway', '1.2.3'), start('media')];
    tracer().startSpan('early').end();
    await first.shutdown();
    await first.shutdown();
    expect(collector.bodies).toEqual([]);
    tracer().startSpan('late').end();
    await second.shutdown();
    expect(collector.bodies).toHaveLength(1);
    for (const text of ['early', 'late', 'gateway', '1.2.3']) expect(collector.bodies[0]).toContain(text);
    await collector.close();
  });
});

async function startCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    request.on('end', () => {
      bodies.push(body);
      response.end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    bodies,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
