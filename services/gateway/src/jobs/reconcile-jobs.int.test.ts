import { eventually } from '@tandem/testing/eventually';
import { probeCatalog } from '@tandem/testing/probe';
import { describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway({ RECONCILE_MARGIN_S: '1' });
const { submit, call, probes } = gateway;

async function succeeded(id: string, timeoutMs = 90_000): Promise<void> {
  await eventually(async () => expect((await call(`/v1/jobs/${id}`)).body.status).toBe('succeeded'), { timeoutMs });
}

describe('when NATS loses all that it stored', () => {
  test('jobs that waited and jobs that ran are published again, and end succeeded once', async () => {
    // Ten places are held, so what follows waits in the broker.
    const held = await Promise.all(Array.from({ length: 10 }, () => submit({ behave: 'hold' })));
    for (const { body } of held) await eventually(() => expect(probes.runs.get(body.id)).toBe(1));
    const waiting = await Promise.all(Array.from({ length: 50 }, () => submit({ payload: 'waits' })));
    await gateway.nats.wipe();
    for (const { body } of held) probes.release(body.id);
    for (const { body } of waiting) await succeeded(body.id);
    for (const { body } of held) {
      await eventually(
        async () => {
          probes.release(body.id);
          expect((await call(`/v1/jobs/${body.id}`)).body.status).toBe('succeeded');
        },
        { timeoutMs: 90_000 },
      );
    }
    const { body } = await call('/v1/jobs?limit=100');
    expect(body.jobs).toHaveLength(60);
    expect(body.jobs.filter(({ status }: { status: string }) => status !== 'succeeded')).toEqual([]);
  });

  test('jobs are accepted and run as before afterwards', async () => {
    const { body } = await submit({ payload: 'after' });
    await succeeded(body.id);
    expect(probes.runs.get(body.id)).toBe(1);
  });

  test('a job that runs for longer than the margin is left alone', async () => {
    const { body } = await submit({ behave: 'hold' });
    await eventually(() => expect(probes.runs.get(body.id)).toBe(1));
    // Each round asks the broker once for each command; these are the questions.
    let questions = 0;
    gateway.connection.nc.subscribe('$JS.API.STREAM.MSG.GET.COMMANDS', {
      callback: () => {
        questions += 1;
      },
    });
    await eventually(() => expect(questions).toBeGreaterThanOrEqual(3 * probeCatalog.all().length), {
      timeoutMs: 90_000,
    });
    expect(probes.runs.get(body.id)).toBe(1);
    probes.release(body.id);
    await succeeded(body.id);
  });
});

describe('a report that can never be applied', () => {
  test('is passed over and holds up no other job', async () => {
    const at = new Date().toISOString();
    const report = { jobId: crypto.randomUUID(), command: 'media.transform', run: 1, attempt: 1, state: 'succeeded' };
    const data = { ...report, at, startedAt: at, worker: 'w', result: { renditions: 'none' } };
    const envelope = { specversion: '1.0', id: 'x', source: '/x', type: 'job.reported', subject: 'x', time: at };
    const text = JSON.stringify({ ...envelope, tenant: 't', actor: 'a', correlationid: 'x', data });
    gateway.connection.nc.publish('evt.job.media.transform.succeeded', text);
    const { body } = await submit({ payload: 'behind it' });
    await succeeded(body.id);
    expect(gateway.failures.join()).toContain('report refused');
  });
});
