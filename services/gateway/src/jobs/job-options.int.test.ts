import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, post, finished, probes } = gateway;

const submit = (options: unknown, input: unknown = {}, headers: Record<string, string> = {}) =>
  post('/v1/jobs', { command: 'probe.run', input, options }, headers);

describe('a job submitted with options', () => {
  test('runs and shows them', async () => {
    const options = { priority: 'high', tags: ['client:12', 'été'], attempts: 2, timeout: '5s', expiresIn: '1h' };
    const { status, headers, body } = await submit(options, { payload: 'x' });
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    const job = await finished(body.id);
    expect(job).toMatchObject({ status: 'succeeded', priority: 'high', tags: ['client:12', 'été'], attempts: 2 });
    expect(Date.parse(job.expiresAt) - Date.parse(job.createdAt)).toBe(3_600_000);
  });

  test('does not run before its time, and then soon', async () => {
    const { body } = await submit({ delay: '700ms' });
    expect(body).toMatchObject({ status: 'accepted', runAt: expect.any(String) });
    const job = await finished(body.id);
    const late = Date.parse(job.startedAt) - Date.parse(job.runAt);
    expect(late).toBeGreaterThanOrEqual(0);
  });

  test('expires when nobody begins it in time, and never runs', async () => {
    await call('/v1/commands/probe.run/pause', { method: 'POST', as: await operator() });
    const { body } = await submit({ expiresIn: '300ms' });
    const job = await eventually(async () => {
      const { body: now } = await call(`/v1/jobs/${body.id}`);
      expect(now.status).toBe('expired');
      return now;
    });
    expect(job.error.code).toBe('expired');
    await call('/v1/commands/probe.run/resume', { method: 'POST', as: await operator() });
    const { body: next } = await submit({}, { payload: 'after' }, { prefer: 'wait=20' });
    expect(next.status).toBe('succeeded');
    expect(probes.runs.get(body.id)).toBeUndefined();
  });

  test('is retried as its backoff says, and shows every run', async () => {
    const { body } = await submit({ backoff: { kind: 'fixed', base: '10ms' } }, { behave: 'fail' });
    const job = await finished(body.id);
    expect(job).toMatchObject({ status: 'failed', attempt: 3, error: { code: 'internal' } });
    expect(job.runs.map(({ attempt, status }: { attempt: number; status: string }) => [attempt, status])).toEqual([
      [1, 'retrying'],
      [2, 'retrying'],
      [3, 'failed'],
    ]);
    for (const run of job.runs) {
      expect(run).toMatchObject({ worker: 'probe@test', traceId: job.traceId, error: { code: 'internal' } });
      expect(Date.parse(run.endedAt)).toBeGreaterThanOrEqual(Date.parse(run.startedAt));
    }
  });

  test('belongs to a parent, by which it is found', async () => {
    const parent = await submit({});
    const child = await submit({ parent: parent.body.id });
    const { body } = await call(`/v1/jobs?parent=${parent.body.id}`);
    expect(body.jobs.map(({ id }: { id: string }) => id)).toEqual([child.body.id]);
    expect((await submit({ parent: parent.body.id }, {}, {})).status).toBe(202);
    const stranger = await post(
      '/v1/jobs',
      { command: 'probe.run', input: {}, options: { parent: parent.body.id } },
      {},
      await gateway.issuer.token(),
    );
    expect([stranger.status, stranger.body.errors[0].pointer]).toEqual([404, '/options/parent']);
  });

  test('is another request than the same job with other options', async () => {
    const headers = { 'idempotency-key': 'options-1' };
    await submit({ tags: ['a'] }, {}, headers);
    expect((await submit({ tags: ['a'] }, {}, headers)).headers.get('idempotency-replayed')).toBe('true');
    expect((await submit({ tags: ['b'] }, {}, headers)).body.code).toBe('idempotency_mismatch');
  });

  test.each([
    ['an unknown priority', { priority: 'urgent' }, '/options/priority'],
    ['a delay without a unit', { delay: '10' }, '/options/delay'],
    ['a delay and a time', { delay: '10s', runAt: '2030-01-01T00:00:00Z' }, '/options/delay'],
    ['a timeout longer than the command allows', { timeout: '2h' }, '/options/timeout'],
    ['an expiry before the time to run', { delay: '1h', expiresIn: '30m' }, '/options/expiresIn'],
    ['a tag with a space', { tags: ['a b'] }, '/options/tags/0'],
    ['a hundred attempts', { attempts: 100 }, '/options/attempts'],
    ['an option that does not exist', { retry: 3 }, '/options/retry'],
  ])('is refused with %s', async (_what, options, pointer) => {
    const { status, body } = await submit(options);
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  });

  test('is refused with a wrong input, by its place in the request', async () => {
    const { status, body } = await submit({}, { behave: 'dance' });
    expect([status, body.errors[0].pointer]).toEqual([422, '/input/behave']);
  });

  test('is refused for a command that does not exist', async () => {
    const { status, body } = await post('/v1/jobs', { command: 'probe.dance', input: {} });
    expect([status, body.code]).toEqual([404, 'not_found']);
  });
});

describe('a paused command', () => {
  test('accepts jobs and starts none until it is resumed', async () => {
    const as = await operator();
    const paused = await call('/v1/commands/probe.run/pause', { method: 'POST', as });
    expect(paused.body).toMatchObject({ command: 'probe.run', paused: true, pausedAt: expect.any(String) });
    const jobs = await Promise.all(Array.from({ length: 5 }, () => submit({})));
    const { body: list } = await call('/v1/commands');
    expect(list.commands.find(({ command }: { command: string }) => command === 'probe.run').paused).toBe(true);
    // Another job goes its whole way meanwhile, so these had time to start.
    await gateway.upload(Buffer.from('x'));
    for (const { body } of jobs) expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('accepted');
    await call('/v1/commands/probe.run/resume', { method: 'POST', as });
    for (const { body } of jobs) expect((await finished(body.id)).status).toBe('succeeded');
  });

  test('cannot be paused by a user, or by a service role without the scope', async () => {
    for (const as of [
      gateway.token,
      await gateway.issuer.token({ role: 'service_role', app_metadata: { tenant_id: 'ops', scopes: ['jobs:read'] } }),
    ])
      expect((await call('/v1/commands/probe.run/pause', { method: 'POST', as })).status).toBe(403);
    expect((await call('/v1/commands/probe.dance/pause', { method: 'POST', as: await operator() })).status).toBe(404);
  });
});

function operator(): Promise<string> {
  return gateway.issuer.token({ role: 'service_role', app_metadata: { tenant_id: 'ops' } });
}
