import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, post, submit, finished, probes } = gateway;

const cancel = (id: string, as?: string) => call(`/v1/jobs/${id}/cancel`, { method: 'POST', as });
const replay = (id: string, as?: string) => call(`/v1/jobs/${id}/replay`, { method: 'POST', as });
const withOptions = (options: Json, input: Json = {}) => post('/v1/jobs', { command: 'probe.run', input, options });

async function failedJob(tags: string[] = []): Promise<string> {
  const { body } = await withOptions({ tags, attempts: 1 }, { behave: 'fail' });
  expect((await finished(body.id)).status).toBe('failed');
  return body.id;
}

describe('cancelling', () => {
  test('a delayed job ends it at once, and it never runs', async () => {
    const { body } = await withOptions({ delay: '1h' });
    const { status, body: job } = await cancel(body.id);
    expect([status, job.status]).toEqual([200, 'cancelled']);
    const events = await call(`/v1/jobs/${body.id}/events`);
    expect(events.body).toContain('"status":"cancelled"');
    expect(probes.runs.get(body.id)).toBeUndefined();
    expect((await cancel(body.id)).status).toBe(200);
  });

  test('a running job stops its handler', async () => {
    const { body } = await submit({ behave: 'hold' });
    await eventually(async () => expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('running'));
    const { status } = await cancel(body.id);
    expect([200, 202]).toContain(status);
    const job = await eventually(async () => {
      const now = (await call(`/v1/jobs/${body.id}`)).body;
      expect(now.status).toBe('cancelled');
      return now;
    });
    expect(job.runs).toMatchObject([{ status: 'cancelled', attempt: 1 }]);
    expect(job.error.code).toBe('cancelled');
  });

  test('a job that is about to be retried ends it', async () => {
    const { body } = await withOptions({ backoff: { kind: 'fixed', base: '1h' } }, { behave: 'fail' });
    await eventually(async () => expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('retrying'));
    expect((await cancel(body.id)).body.status).toBe('cancelled');
  });

  test('is refused for a job that has ended, and for a stranger', async () => {
    const { body } = await submit({}, { prefer: 'wait=20' });
    expect([(await cancel(body.id)).status, (await cancel(body.id)).body.code]).toEqual([409, 'conflict']);
    const { body: mine } = await withOptions({ delay: '1h' });
    expect((await cancel(mine.id, await gateway.issuer.token())).status).toBe(404);
    expect((await call(`/v1/jobs/${mine.id}`)).body.status).toBe('accepted');
  });

  test('reaches the workers later when NATS is down', async () => {
    const { body } = await submit({ behave: 'hold' });
    await eventually(async () => expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('running'));
    await gateway.nats.kill();
    const { status, body: job } = await cancel(body.id);
    expect([status, job.status, typeof job.cancelRequestedAt]).toEqual([202, 'running', 'string']);
    await gateway.nats.restart();
    await eventually(async () => expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('cancelled'));
  });
});

describe('replaying', () => {
  test('a failed job makes a job of its own, and each knows the other', async () => {
    const id = await failedJob(['devis']);
    const { status, headers, body } = await replay(id);
    expect(status).toBe(202);
    expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    expect(body).toMatchObject({ replayOf: id, tags: ['devis'], attempts: 1 });
    await finished(body.id);
    expect((await call(`/v1/jobs/${id}`)).body).toMatchObject({ status: 'failed', replayedBy: body.id });
    expect((await replay(id)).status).toBe(409);
    // The replay failed as well, and may be replayed in its turn.
    expect((await replay(body.id)).status).toBe(202);
  });

  test('is refused for a job that succeeded, and for a stranger', async () => {
    const { body } = await submit({}, { prefer: 'wait=20' });
    expect((await replay(body.id)).status).toBe(409);
    expect((await replay(await failedJob(), await gateway.issuer.token())).status).toBe(404);
  });

  test('many failed jobs: counts them first, then does exactly those', async () => {
    const tagged = await Promise.all(Array.from({ length: 12 }, () => failedJob(['many'])));
    await failedJob(['other']);
    const filter = { tag: 'many', error: 'internal', command: 'probe.run' };
    const dry = await post('/v1/replays', { filter, dryRun: true });
    expect([dry.status, dry.body]).toEqual([200, { matched: 12 }]);
    const { status, body } = await post('/v1/replays', { filter });
    expect([status, body.matched]).toEqual([202, 12]);
    const done = await eventually(async () => {
      const now = (await call(`/v1/replays/${body.id}`)).body;
      expect(now.status).toBe('finished');
      return now;
    });
    expect(done.replayed).toBe(12);
    for (const id of tagged) {
      const { replayedBy } = (await call(`/v1/jobs/${id}`)).body;
      expect((await finished(replayedBy)).attempt).toBe(1);
    }
    // The replays failed too; those are new dead letters, the old ones are done with.
    expect((await post('/v1/replays', { filter, dryRun: true })).body).toEqual({ matched: 12 });
    expect((await call(`/v1/replays/${body.id}`, { as: await gateway.issuer.token() })).status).toBe(404);
  });

  test('can be aborted', async () => {
    await failedJob(['abort']);
    const { body } = await post('/v1/replays', { filter: { tag: 'abort' } });
    const { body: aborted } = await call(`/v1/replays/${body.id}/abort`, { method: 'POST' });
    expect(['aborted', 'finished']).toContain(aborted.status);
  });

  test('does not touch the jobs of others', async () => {
    await failedJob(['mine']);
    const stranger = await gateway.issuer.token();
    const { body } = await post('/v1/replays', { filter: { tag: 'mine' }, dryRun: true }, {}, stranger);
    expect(body).toEqual({ matched: 0 });
  });
});

describe('looking for jobs', () => {
  test('finds the dead letters by tag, error, command and time', async () => {
    const before = new Date().toISOString();
    const id = await failedJob(['facture']);
    const ids = async (query: string) => (await call(`/v1/jobs?${query}`)).body.jobs.map((job: Json) => job.id);
    expect(await ids('status=failed&tag=facture')).toEqual([id]);
    expect(await ids(`status=failed&error=internal&command=probe.run&createdAfter=${before}`)).toEqual([id]);
    expect(await ids(`status=failed&createdBefore=${before}&tag=facture`)).toEqual([]);
    expect(await ids('status=failed&error=timeout')).toEqual([]);
    expect(await ids('status=succeeded&tag=facture')).toEqual([]);
  });

  test('counts the jobs of a tenant by command and state', async () => {
    const as = await gateway.issuer.token();
    await submit({}, { prefer: 'wait=20' }, as);
    await submit({ behave: 'reject' }, { prefer: 'wait=20' }, as);
    const { body } = await call('/v1/jobs/counts', { as });
    expect(body.commands['probe.run']).toMatchObject({ succeeded: 1, failed: 1, accepted: 0, running: 0 });
  });
});
