import { describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, submit, finished, probes } = gateway;

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

  test('answers one who waits with what the ledger holds', async () => {
    const { body } = await submit({ payload: 'x' }, { prefer: 'wait=20' });
    expect((await call(`/v1/jobs/${body.id}`)).body).toEqual(body);
    const failed = await submit({ behave: 'reject' }, { prefer: 'wait=20' });
    expect((await call(`/v1/jobs/${failed.body.id}`)).body).toEqual(failed.body);
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
    const theirs = await submit({ payload: 'b' }, { 'idempotency-key': 'same' }, await gateway.issuer.token());
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
