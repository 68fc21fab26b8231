import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, post } = gateway;

const probe = (input: Json = {}, options?: Json) => ({ command: 'probe.run', input, options });
const ndjson = (lines: unknown[], headers: Record<string, string> = {}) =>
  call('/v1/batches', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    body: lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  });

const ended = (id: string) =>
  eventually(
    async () => {
      const { body } = await call(`/v1/batches/${id}`);
      expect(body.finished).toBe(body.total);
      return body;
    },
    { timeoutMs: 100_000 },
  );

describe('a batch', () => {
  test('runs every job, and counts them by state', async () => {
    const jobs = [...Array.from({ length: 30 }, (_, n) => probe({ payload: `${n}` })), probe({ behave: 'reject' })];
    const { status, headers, body } = await post('/v1/batches', { jobs });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/batches/${body.id}`);
    expect(body.total).toBe(31);
    expect((await ended(body.id)).counts).toMatchObject({ succeeded: 30, failed: 1, accepted: 0 });
    const { body: list } = await call(`/v1/jobs?batch=${body.id}&status=failed`);
    expect(list.jobs).toHaveLength(1);
    expect(list.jobs[0].batch).toBe(body.id);
  });

  test('of 10,000 lines of NDJSON is taken, and all of it ends', async () => {
    const { status, body } = await ndjson(Array.from({ length: 10_000 }, (_, n) => probe({ payload: `${n}` })));
    expect([status, body.total]).toEqual([202, 10_000]);
    expect((await ended(body.id)).counts.succeeded).toBe(10_000);
  });

  test('is taken whole or not at all, and names the entries at fault', async () => {
    const before = (await call('/v1/jobs?limit=1')).body.jobs[0]?.id;
    const bad = [probe(), probe({ behave: 'dance' }), { command: 'probe.dance', input: {} }, { input: {} }];
    const { status, body } = await ndjson(bad);
    expect(status).toBe(422);
    expect(body.errors.map(({ pointer }: Json) => pointer)).toEqual(['/1/input/behave', '/2', '/3/command']);
    expect((await call('/v1/jobs?limit=1')).body.jobs[0]?.id).toBe(before);
  });

  test.each([
    ['a line that is no JSON', ['{"command":'], 400, 'malformed_body'],
    ['no line at all', [], 422, 'invalid_input'],
    [
      '10,001 lines',
      Array.from({ length: 10_001 }, () => '{"command":"probe.run","input":{}}'),
      413,
      'payload_too_large',
    ],
    ['a prototype', ['{"command":"probe.run","input":{},"__proto__":{}}'], 400, 'malformed_body'],
  ])('is refused with %s', async (_what, lines, status, code) => {
    const answer = await ndjson(lines);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('is refused as another type than JSON or NDJSON', async () => {
    const { status } = await call('/v1/batches', {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'a,b',
    });
    expect(status).toBe(415);
  });

  test('is made once for one idempotency key', async () => {
    const headers = { 'idempotency-key': 'batch-1' };
    const first = await ndjson([probe(), probe()], headers);
    const again = await ndjson([probe(), probe()], headers);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await ndjson([probe()], headers)).body.code).toBe('idempotency_mismatch');
    expect((await ended(first.body.id)).total).toBe(2);
  });

  test('can be cancelled, and its failed jobs replayed', async () => {
    const jobs = [probe({}, { delay: '1h' }), probe({}, { delay: '2h' }), probe({ behave: 'reject' })];
    const { body } = await post('/v1/batches', { jobs });
    await call(`/v1/batches/${body.id}/cancel`, { method: 'POST' });
    const { counts } = await ended(body.id);
    expect(counts.cancelled + counts.failed).toBe(3);
    const { status, body: replay } = await call(`/v1/batches/${body.id}/replay`, { method: 'POST' });
    expect([status, replay.matched]).toEqual([202, counts.failed]);
  });

  test('is not replayed for one who may not submit its commands', async () => {
    const sub = '0b9c6f0e-3a52-4c1e-9d52-6f3c1f2d7a11';
    const token = (scopes?: string[]) => gateway.issuer.token({ sub, app_metadata: scopes ? { scopes } : {} });
    const { body } = await post('/v1/batches', { jobs: [probe({ behave: 'reject' })] }, {}, await token());
    const as = await token(['jobs:read', 'jobs:write']);
    expect((await call(`/v1/batches/${body.id}`, { as })).status).toBe(200);
    expect((await call(`/v1/batches/${body.id}/replay`, { method: 'POST', as })).status).toBe(403);
  });

  test('tells its followers how far it is, up to the end', async () => {
    const { body } = await post('/v1/batches', { jobs: [probe(), probe()] });
    const { body: events } = await call(`/v1/batches/${body.id}/events`);
    const last = JSON.parse(events.trim().split('\n').at(-1).slice('data: '.length));
    expect(last).toMatchObject({ total: 2, finished: 2 });
  });

  test('is not there for a stranger', async () => {
    const { body } = await post('/v1/batches', { jobs: [probe()] });
    const as = await gateway.issuer.token();
    expect((await call(`/v1/batches/${body.id}`, { as })).status).toBe(404);
    expect((await call(`/v1/batches/${body.id}/cancel`, { method: 'POST', as })).status).toBe(404);
  });
});

describe('the window of a tenant', () => {
  test('lets the job of another tenant pass a long queue', async () => {
    const { body: queue } = await ndjson(Array.from({ length: 3_000 }, () => probe()));
    const as = await gateway.issuer.token();
    const { body: job } = await gateway.submit({}, { prefer: 'wait=30' }, as);
    expect(job.status).toBe('succeeded');
    const { body: then } = await call(`/v1/batches/${queue.id}`);
    expect(then.finished).toBeLessThan(3_000);
    await ended(queue.id);
  });
});
