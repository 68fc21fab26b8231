import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import { eventually } from '@tandem/testing/eventually';
import { testIssuer } from '@tandem/testing/issuer';
import { ProbeLog, probeCatalog, startProbeWorker } from '@tandem/testing/probe';
import { testNats, testPostgres } from '@tandem/testing/servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GatewayConfig } from './config.js';
import { startGateway } from './start-gateway.js';

// biome-ignore lint/suspicious/noExplicitAny: JSON from the API
type Json = any;

const log = createLogger('test', { write: () => undefined });
const lifecycle = new Lifecycle(log);
const probes = new ProbeLog();
let nats: Awaited<ReturnType<typeof testNats>>;
let issuer: Awaited<ReturnType<typeof testIssuer>>;
let connection: Connection;
let url: string;
let token: string;
let folder: string;

beforeAll(async () => {
  startTracing('test');
  const postgres = await testPostgres();
  [nats, issuer, folder] = await Promise.all([testNats(), testIssuer(), mkdtemp(join(tmpdir(), 'tandem-objects-'))]);
  const config = loadConfig(GatewayConfig, {
    PORT: '0',
    ADMIN_PORT: '0',
    DATABASE_URL: postgres.url,
    NATS_URL: nats.url,
    STORAGE_DIR: folder,
    JWKS_URL: issuer.jwksUrl,
    JWT_ISSUER: issuer.issuer,
    OBJECT_MAX_MB: '2',
    CORS_ORIGINS: 'https://app.example',
  });
  ({ url } = await startGateway(config, probeCatalog, log, lifecycle));
  connection = await connectNats(nats.url, 'test');
  await startProbeWorker(connection, log, probes);
  token = await issuer.token();
});

afterAll(async () => {
  await lifecycle.stop('the tests are over');
  await connection?.nc.close();
  await rm(folder, { recursive: true, force: true });
});

async function call(
  path: string,
  init: RequestInit & { as?: string } = {},
): Promise<{ status: number; headers: Headers; body: Json }> {
  const response = await fetch(url + path, {
    ...init,
    headers: { authorization: `Bearer ${init.as ?? token}`, ...(init.headers as Record<string, string>) },
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

function submit(input: unknown, headers: Record<string, string> = {}, as?: string) {
  return call('/v1/probe/run', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof input === 'string' ? input : JSON.stringify(input),
    as,
  });
}

function finished(id: string): Promise<Json> {
  return eventually(async () => {
    const { body } = await call(`/v1/jobs/${id}`);
    expect(['succeeded', 'failed']).toContain(body.status);
    return body;
  });
}

describe('submitting a command', () => {
  test('answers 202 with a job that can be fetched at once and that ends succeeded', async () => {
    const { status, headers, body } = await submit({ payload: 'été' });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    const fetched = await call(`/v1/jobs/${body.id}`);
    expect(fetched.status).toBe(200);
    expect(fetched.body.createdAt).toBe(body.createdAt);
    expect(await finished(body.id)).toMatchObject({
      status: 'succeeded',
      attempt: 1,
      result: { echo: 'été', attempt: 1 },
    });
  });

  test('answers 200 with the result when the caller prefers to wait', async () => {
    const { status, headers, body } = await submit({ payload: 'x' }, { prefer: 'wait=20' });
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=20');
    expect(body).toMatchObject({ status: 'succeeded', result: { echo: 'x' } });
  });

  test('answers 202 when the time of the wait is over before the job is', async () => {
    const { status, body } = await submit({ behave: 'hold' }, { prefer: 'wait=1' });
    expect(status).toBe(202);
    expect(body.status).toBe('running');
    probes.release(body.id);
    expect((await finished(body.id)).status).toBe('succeeded');
  });

  test('gives the same job for the same key and body, whatever the order of its fields', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const first = await submit({ behave: 'succeed', payload: 'k' }, headers);
    const again = await submit({ payload: 'k' }, headers);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    await finished(first.body.id);
    expect(probes.runs.get(first.body.id)).toBe(1);
  });

  test('makes one job of many concurrent requests with one key', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => submit({ payload: 'race' }, { 'idempotency-key': 'race-1' })),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });

  test('refuses the same key with another body', async () => {
    await submit({ payload: 'a' }, { 'idempotency-key': 'order-2' });
    const { status, body } = await submit({ payload: 'b' }, { 'idempotency-key': 'order-2' });
    expect(status).toBe(422);
    expect(body.code).toBe('idempotency_mismatch');
  });

  test('keeps the keys of two users apart', async () => {
    const mine = await submit({ payload: 'a' }, { 'idempotency-key': 'same' });
    const theirs = await submit({ payload: 'b' }, { 'idempotency-key': 'same' }, await issuer.token());
    expect(theirs.status).toBe(202);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  test.each([
    ['unknown fields by name', { payload: 'x', payloda: 'y' }, 422, '/payloda'],
    ['a wrong value by its place', { behave: 'dance' }, 422, '/behave'],
    ['a body that is no object', [], 422, ''],
  ])('refuses %s', async (_what, input, status, pointer) => {
    const answer = await submit(input);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.body).toMatchObject({
      type: 'urn:tandem:problem:invalid_input',
      code: 'invalid_input',
      errors: [{ pointer }],
    });
    expect(answer.body.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ['a body that is not JSON', '{"payload":', { 'content-type': 'application/json' }, 400, 'malformed_body'],
    ['an empty body', '', { 'content-type': 'application/json' }, 400, 'malformed_body'],
    [
      'a body of another type',
      'payload=x',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type',
    ],
    [
      'a body of 2 MB',
      JSON.stringify({ payload: 'x'.repeat(2_000_000) }),
      { 'content-type': 'application/json' },
      413,
      'payload_too_large',
    ],
    ['a prototype in JSON', '{"__proto__":{"x":1}}', { 'content-type': 'application/json' }, 400, 'malformed_body'],
    ['a bad Prefer', '{}', { 'content-type': 'application/json', prefer: 'wait=90' }, 422, 'invalid_input'],
    [
      'a bad Idempotency-Key',
      '{}',
      { 'content-type': 'application/json', 'idempotency-key': 'a b' },
      422,
      'invalid_input',
    ],
  ])('refuses %s', async (_what, body, headers, status, code) => {
    const answer = await submit(body, headers);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('takes text with U+0000 and gives it back', async () => {
    const { body } = await submit({ payload: 'a\u0000b' }, { prefer: 'wait=20' });
    expect(body.result.echo).toBe('a\u0000b');
  });

  test('answers a route that does not exist with a problem too', async () => {
    const { status, body } = await call('/v2/nothing');
    expect([status, body.code]).toEqual([404, 'not_found']);
  });

  test('names the commands that there are when there is no such command', async () => {
    const { status, body } = await call('/v1/probe/dance', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(status).toBe(404);
    expect(body.detail).toContain('/openapi.json');
  });
});

describe('the life of a job', () => {
  test('is retried after an unexpected error, and every step stands in its history', async () => {
    const { body } = await submit({ behave: 'fail-once' });
    expect(await finished(body.id)).toMatchObject({ status: 'succeeded', attempt: 2 });
    const events = await call(`/v1/jobs/${body.id}/events`);
    expect(
      [...events.body.matchAll(/"status":"(\w+)","attempt"/g)].map(([, status]: string[]) => status).slice(0, 5),
    ).toEqual(['accepted', 'running', 'retrying', 'running', 'succeeded']);
  });

  test('ends failed when its attempts are used up, without the text of the error', async () => {
    const { body } = await submit({ behave: 'fail' });
    const job = await finished(body.id);
    expect(job).toMatchObject({ status: 'failed', attempt: 3, error: { code: 'internal' } });
    expect(JSON.stringify(job)).not.toContain('told to fail');
  });

  test('ends failed at once when the handler rejects', async () => {
    const { body } = await submit({ behave: 'reject' }, { prefer: 'wait=20' });
    expect(body).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'image_unreadable' } });
  });

  test('uses no attempt when the handler asks for later', async () => {
    const { body } = await submit({ behave: 'later-once' });
    expect(await finished(body.id)).toMatchObject({ status: 'succeeded', attempt: 1 });
    expect(probes.runs.get(body.id)).toBe(2);
  });
});

describe('following a job', () => {
  async function* follow(id: string, lastEventId?: string): AsyncGenerator<string> {
    const headers = { authorization: `Bearer ${token}`, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) };
    const response = await fetch(`${url}/v1/jobs/${id}/events`, { headers });
    expect(response.headers.get('content-type')).toMatch('text/event-stream');
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) yield chunk;
  }

  test('streams states and progress as they happen and ends with the whole job', async () => {
    const { body } = await submit({ behave: 'hold' });
    let text = '';
    for await (const chunk of follow(body.id)) {
      text += chunk;
      if (chunk.includes('"status":"running"')) probes.release(body.id);
    }
    expect(text).toMatch(/id: 0\nevent: state\ndata: .*"accepted"/);
    expect(text).toMatch(/"status":"succeeded".*"job":\{.*"result"/);
  });

  test('goes on after Last-Event-ID, and answers 204 when there is no more', async () => {
    const { body } = await submit({}, { prefer: 'wait=20' });
    let text = '';
    for await (const chunk of follow(body.id, '1')) text += chunk;
    expect(text).not.toContain('"accepted"');
    const last = /id: (\d{4,})/.exec(text)![1]!;
    const again = await fetch(`${url}/v1/jobs/${body.id}/events`, {
      headers: { authorization: `Bearer ${token}`, 'last-event-id': last },
    });
    expect(again.status).toBe(204);
  });
});

describe('listing jobs', () => {
  test('pages through all of them, newest first, and only the caller’s', async () => {
    const as = await issuer.token();
    const made: string[] = [];
    for (let i = 0; i < 5; i += 1) made.push((await submit({ payload: String(i) }, { prefer: 'wait=20' }, as)).body.id);
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await call(`/v1/jobs?limit=2${cursor && `&cursor=${cursor}`}`, { as });
      seen.push(...body.jobs.map((job: Json) => job.id));
      cursor = body.nextCursor ?? '';
    } while (cursor);
    expect(seen).toEqual(made.reverse());
  });

  test('filters by status and command', async () => {
    const as = await issuer.token();
    await submit({ behave: 'reject' }, { prefer: 'wait=20' }, as);
    await submit({}, { prefer: 'wait=20' }, as);
    const failed = await call('/v1/jobs?status=failed&command=probe.run', { as });
    expect(failed.body.jobs.map((job: Json) => job.status)).toEqual(['failed']);
    expect((await call('/v1/jobs?command=media.transform', { as })).body.jobs).toEqual([]);
  });

  test.each(['status=done', 'limit=0', 'limit=101', 'cursor=%21', 'sort=asc'])('refuses ?%s', async (query) => {
    expect((await call(`/v1/jobs?${query}`)).status).toBe(422);
  });
});

describe('a stranger', () => {
  test.each([
    ['no token', {}],
    ['a token that is none', { authorization: 'Bearer nonsense' }],
    ['basic authentication', { authorization: 'Basic YTpi' }],
  ])('with %s gets 401 and nothing else', async (_what, headers) => {
    const response = await fetch(`${url}/v1/jobs`, { headers: headers as Record<string, string> });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(((await response.json()) as Json).code).toBe('unauthenticated');
  });

  test('with a valid token of their own gets 404 for another’s job, its events and for ids that are none', async () => {
    const { body } = await submit({});
    const as = await issuer.token();
    for (const path of [
      `/v1/jobs/${body.id}`,
      `/v1/jobs/${body.id}/events`,
      '/v1/jobs/1',
      `/v1/jobs/${crypto.randomUUID()}`,
    ]) {
      expect((await call(path, { as })).status).toBe(404);
    }
  });

  test('of the same tenant gets 404 too, and the tenant’s service role gets the job', async () => {
    const app_metadata = { tenant_id: 'acme' };
    const { body } = await submit({}, {}, await issuer.token({ app_metadata }));
    expect((await call(`/v1/jobs/${body.id}`, { as: await issuer.token({ app_metadata }) })).status).toBe(404);
    const service = await issuer.token({ app_metadata, role: 'service_role' });
    expect((await call(`/v1/jobs/${body.id}`, { as: service })).status).toBe(200);
  });

  test('without the scope gets 403 that names it', async () => {
    const as = await issuer.token({ app_metadata: { scopes: ['jobs:read'] } });
    const { status, body } = await submit({}, {}, as);
    expect(status).toBe(403);
    expect(body.detail).toContain('probe:run');
  });
});

describe('while NATS is down', () => {
  test('a job is still accepted, waits in the ledger and runs when NATS is back', async () => {
    await nats.kill();
    await eventually(() => expect(connection.up()).toBe(false));
    const { status, body } = await submit({ payload: 'patient' });
    expect(status).toBe(202);
    expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('accepted');
    const health = await call('/health/detailed');
    expect(health.status).toBe(200);
    expect(health.body).toMatchObject({
      status: 'degraded',
      parts: { nats: { status: 'down' }, postgres: { status: 'up' } },
    });
    await nats.restart();
    const job = await eventually(
      async () => {
        const answer = await call(`/v1/jobs/${body.id}`);
        expect(answer.body.status).toBe('succeeded');
        return answer.body;
      },
      { timeoutMs: 30_000 },
    );
    expect(job.result.echo).toBe('patient');
    expect(probes.runs.get(body.id)).toBe(1);
  });
});

describe('the edge', () => {
  test('tells its health, each part with its latency', async () => {
    const { status, body } = await call('/health/detailed');
    expect(status).toBe(200);
    expect(body.parts.postgres).toMatchObject({ status: 'up', latencyMs: expect.any(Number) });
    expect(body.parts.media).toMatchObject({ status: 'down', instances: 0 });
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'degraded' });
  });

  test('lets only the origins on the list call from a browser', async () => {
    const preflight = (origin: string) =>
      fetch(`${url}/v1/jobs`, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } });
    expect((await preflight('https://app.example')).headers.get('access-control-allow-origin')).toBe(
      'https://app.example',
    );
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('sends security headers and the state of the rate limit', async () => {
    const { headers } = await call('/v1/jobs');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('ratelimit-policy')).toBe('"default";q=600;w=60');
    expect(headers.get('ratelimit')).toMatch(/^"default";r=\d+;t=\d+$/);
  });

  test('describes itself in OpenAPI 3.1, with every command', async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as Json;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/v1/media/transform', '/v1/probe/run', '/v1/jobs/{id}/events']),
    );
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    expect((await fetch(`${url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
  });

  test('survives a client that leaves in the middle of its stream', async () => {
    const { body } = await submit({ behave: 'hold' });
    const leave = new AbortController();
    const response = await fetch(`${url}/v1/jobs/${body.id}/events`, {
      headers: { authorization: `Bearer ${token}` },
      signal: leave.signal,
    });
    await response.body!.getReader().read();
    leave.abort();
    probes.release(body.id);
    expect((await finished(body.id)).status).toBe('succeeded');
  });
});
