import { trace } from '@opentelemetry/api';
import { defineQuery } from '@tandem/contracts/query';
import { createLogger } from '@tandem/telemetry/logger';
import { currentTraceId } from '@tandem/telemetry/propagation';
import { startTracing, tracer } from '@tandem/telemetry/tracing';
import { eventually } from '@tandem/testing/eventually';
import { type TestNats, testNats } from '@tandem/testing/servers';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type QueryContext, QueryServer } from './answer-query.js';
import { QueryClient } from './ask-query.js';
import { type Connection, connectNats } from './connection.js';
import { Rejected, RetryLater } from './outcome.js';

const Echo = defineQuery('test.echo', {
  summary: 'Say it again',
  input: z.object({ text: z.string() }),
  output: z.object({ by: z.string() }),
  timeout: '20s',
});
type Handler = (context: QueryContext<typeof Echo>) => Promise<Uint8Array>;

let nats: TestNats;
const logged: string[] = [];
const logger = createLogger('test', { write: (line) => void logged.push(line) });
const kept = new Map<string, Uint8Array>();
const open: { server?: QueryServer<typeof Echo>; connection: Connection }[] = [];

beforeAll(async () => {
  startTracing('test');
  nats = await testNats();
});
afterEach(async () => {
  for (const { server, connection } of open.splice(0)) {
    await server?.drain(0);
    await connection.nc.close();
  }
});

async function connect(): Promise<Connection> {
  const connection = await connectNats(nats.url, 'test');
  open.push({ connection });
  return connection;
}

async function worker(by: string, handler: Handler, concurrency = 4, hasStore = true) {
  const connection = await connect();
  const server = new QueryServer({
    connection,
    query: Echo,
    handler: async (context) => ({ result: { by }, body: await handler(context) }),
    concurrency,
    storeBody: async (body, { text }) => {
      kept.set(text, body);
      return text;
    },
    fetchQuestion: hasStore ? async (key) => kept.get(key)! : undefined,
    logger,
  });
  open.at(-1)!.server = server;
  await connection.nc.flush();
  return { server, connection };
}

async function client(silenceMs?: number): Promise<(text: string, timeoutMs?: number) => Promise<string>> {
  const queries = new QueryClient(await connect(), { fetchBody: async (key) => kept.get(key)!, silenceMs });
  return async (text, timeoutMs) => {
    const { result, body } = await queries.ask(Echo, { text }, timeoutMs);
    return `${result.by}: ${body.length > 1_000 ? body.length : Buffer.from(body).toString()}`;
  };
}

const echo: Handler = async ({ data }) => Buffer.from(data.text);
/** A handler that keeps everything until it is told to go on. */
function holding() {
  const begun: string[] = [];
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const handler: Handler = async ({ data, signal }) => {
    begun.push(data.text);
    await Promise.race([
      gate,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ]);
    return Buffer.from(data.text);
  };
  return { begun, handler, release };
}

const codeOf = (answer: Promise<unknown>) =>
  answer.then(
    () => 'answered',
    (error: Rejected) => error.code,
  );

describe('a query', () => {
  test('is answered with bytes and what is said of them', async () => {
    await worker('one', echo);
    expect(await (await client())('hello, été')).toBe('one: hello, été');
  });

  test('that nobody answers is unavailable at once', async () => {
    const ask = await client();
    const begin = Date.now();
    expect(await codeOf(ask('x'))).toBe('unavailable');
    expect(Date.now() - begin).toBeLessThan(Echo.timeoutMs / 2);
  });

  test('is answered by one of several workers', async () => {
    await worker('one', echo);
    await worker('two', echo);
    const ask = await client();
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask('x')));
    expect(new Set(answers)).toEqual(new Set(['one: x', 'two: x']));
  });

  test('takes a body that is too large for a message by way of the store', async () => {
    await worker('one', async ({ data }) => Buffer.alloc(Number(data.text)));
    const ask = await client();
    expect(await ask('899999')).toBe('one: 899999');
    expect(kept.size).toBe(0);
    expect(await ask('3000000')).toBe('one: 3000000');
    expect([...kept.keys()]).toEqual(['3000000']);
  });

  test('that is too large for a message goes by way of the store, where both sides have one', async () => {
    const { server } = await worker('one', async ({ data }) => Buffer.from(String(data.text.length)));
    const text = 'x'.repeat(2_000_000);
    const queries = new QueryClient(await connect(), {
      fetchBody: async (key) => kept.get(key)!,
      storeQuestion: async (question) => {
        kept.set('question', question);
        return 'question';
      },
    });
    const { body } = await queries.ask(Echo, { text });
    expect(Buffer.from(body).toString()).toBe('2000000');
    expect(await codeOf((await client())(text))).toBe('payload_too_large');
    await server.drain(0);
    await worker('without a store', echo, 4, false);
    expect(await codeOf(queries.ask(Echo, { text }))).toBe('payload_too_large');
  });

  test('is refused with the code and the detail that the handler gave', async () => {
    await worker('one', async () => {
      throw new Rejected('image_unreadable', 'Der Kopf fehlt – vérifiez.\nTwice.');
    });
    await expect((await client())('x')).rejects.toMatchObject({
      code: 'image_unreadable',
      detail: 'Der Kopf fehlt – vérifiez.\nTwice.',
    });
  });

  test('tells nobody but the log of an error that was not foreseen', async () => {
    await worker('one', async () => {
      throw new Error('password=hunter2');
    });
    const error = await (await client())('x').catch((caught: Rejected) => caught);
    expect(error).toMatchObject({ code: 'internal' });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect(logged.some((line) => line.includes('query failed'))).toBe(true);
  });

  test('goes to another worker when one wants to work later', async () => {
    await worker('late', async () => {
      throw new RetryLater(10);
    });
    const ask = await client();
    expect(await codeOf(ask('x'))).toBe('unavailable');
    await worker('one', echo);
    await eventually(async () => expect(await ask('x')).toBe('one: x'));
  });

  test('runs in the trace of the one who asks', async () => {
    let seen: string | undefined;
    await worker('one', async () => {
      seen = currentTraceId();
      return Buffer.from('');
    });
    const ask = await client();
    await tracer().startActiveSpan('asking', async (span) => {
      await ask('x');
      expect(seen).toBe(trace.getActiveSpan()!.spanContext().traceId);
      span.end();
    });
  });
});

describe('a worker of queries', () => {
  test('that is full refuses more than it can do soon', async () => {
    const { begun, handler, release } = holding();
    await worker('one', handler, 1);
    const ask = await client();
    const held = Array.from({ length: 9 }, (_, index) => ask(String(index)));
    await eventually(() => expect(begun).toEqual(['0']));
    expect(await codeOf(ask('one too many'))).toBe('unavailable');
    release();
    expect(await Promise.all(held)).toEqual(Array.from({ length: 9 }, (_, index) => `one: ${index}`));
  });

  test('does not begin what nobody waits for any more', async () => {
    const { begun, handler, release } = holding();
    await worker('one', handler, 1);
    const ask = await client();
    const first = ask('first');
    await eventually(() => expect(begun).toEqual(['first']));
    expect(await codeOf(ask('too late', 50))).toBe('timeout');
    release();
    await first;
    expect(await ask('last')).toBe('one: last');
    expect(begun).toEqual(['first', 'last']);
  });

  test('is aborted at the deadline', async () => {
    let reason: unknown;
    await worker(
      'one',
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            reason = signal.reason;
            reject(signal.reason);
          }),
        ),
    );
    const ask = await client();
    // Again where a busy machine took so long that nothing was begun.
    await eventually(async () => {
      expect(await codeOf(ask('x', 100))).toBe('timeout');
      expect(reason).toMatchObject({ code: 'timeout' });
    });
  });

  test('that dies is noticed, and another one asked', async () => {
    const { begun, handler } = holding();
    const { connection } = await worker('dying', handler);
    const answer = (await client(1_500))('x');
    await eventually(() => expect(begun).toEqual(['x']));
    await worker('one', echo);
    await connection.nc.close();
    expect(await answer).toBe('one: x');
  });

  test('that stops finishes what runs, and hands the rest to others', async () => {
    const { begun, handler, release } = holding();
    const { server } = await worker('stopping', handler, 1);
    const ask = await client();
    const answers = ['a', 'b', 'c'].map((text) => ask(text));
    await eventually(() => expect(begun).toEqual(['a']));
    await worker('one', echo);
    const drained = server.drain(10_000);
    expect(await Promise.all(answers.slice(1))).toEqual(['one: b', 'one: c']);
    release();
    expect(await answers[0]).toBe('stopping: a');
    await drained;
  });

  test('that must stop at once hands back what runs', async () => {
    const { begun, handler } = holding();
    const { server } = await worker('stopping', handler, 1);
    const answer = (await client())('a');
    await eventually(() => expect(begun).toEqual(['a']));
    await worker('one', echo);
    await server.drain(0);
    expect(await answer).toBe('one: a');
  });
});
