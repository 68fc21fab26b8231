import { eventually } from '@tandem/testing/eventually';
import type { RunningProcess } from '@tandem/testing/processes';
import { beforeAll, expect, test, vi } from 'vitest';
import type { Api } from './api.js';
import { Cluster, commandsInFlight, type MediaProcess } from './cluster.js';
import { HEAVY, photo, SMALL, tinyPng } from './images.js';
import { expectSucceededOnce, jobsOf } from './ledger.js';
import { startLoad } from './load.js';

/** For all jobs of a test to end, where the machine is busy. */
const WITHIN_MS = 120_000;
vi.setConfig({ testTimeout: 2 * WITHIN_MS });

// Every test leaves one gateway, one worker and NATS running for the next.
let cluster: Cluster;
let gateway: RunningProcess;
let media: MediaProcess;

beforeAll(async () => {
  cluster = await Cluster.start();
  // One after the other: the first of a fresh system provisions it.
  gateway = await cluster.startGateway();
  media = await cluster.startMedia();
});

/** Submits heavy jobs; resolves when as many run as a worker has places. */
async function heavyJobs(api: Api, count: number): Promise<string[]> {
  const source = { object: await api.upload(photo()) };
  const jobs = await Promise.all(Array.from({ length: count }, () => api.transform({ source, renditions: HEAVY })));
  const ids = jobs.map(({ id }) => id);
  await eventually(async () => {
    const states = await Promise.all(ids.map(async (id) => (await api.job(id)).status));
    expect(states.filter((status) => status === 'running').length).toBeGreaterThanOrEqual(2);
  });
  return ids;
}

async function smallJobs(api: Api, total: number) {
  const source = { object: await api.upload(tinyPng()) };
  return startLoad(api, { source, renditions: SMALL }, { total });
}

test('jobs of a worker that is killed in the middle of them are run by another, and succeed once', async () => {
  const api = await cluster.newCaller();
  const ids = await heavyJobs(api, 3);
  await media.kill('SIGKILL');
  expect((await Promise.all(ids.map((id) => api.job(id)))).map(({ status }) => status)).not.toContain('succeeded');
  media = await cluster.startMedia();
  // 10 s after its last heartbeat JetStream takes a worker for dead.
  await expectSucceededOnce(api, cluster.postgres.url, ids, WITHIN_MS);
});

test('a job that was accepted without NATS by a gateway that then died is published by the next gateway', async () => {
  const api = await cluster.newCaller();
  const source = { object: await api.upload(tinyPng()) };
  await cluster.nats.kill();
  const job = await api.transform({ source, renditions: SMALL });
  expect(job.status).toBe('accepted');
  await gateway.kill('SIGKILL');
  await cluster.nats.restart();
  gateway = await cluster.startGateway();
  await expectSucceededOnce(api, cluster.postgres.url, [job.id], WITHIN_MS);
});

test('no accepted job is lost or done twice when nats-server is killed twice under load', async () => {
  const api = await cluster.newCaller();
  const load = await smallJobs(api, 300);
  for (const accepted of [60, 180]) {
    await eventually(() => load.accepted.length >= accepted);
    await cluster.nats.kill();
    await cluster.nats.restart();
  }
  await load.done;
  expect(load.accepted).toHaveLength(300);
  await expectSucceededOnce(api, cluster.postgres.url, load.accepted, WITHIN_MS);
});

test('a worker that gets SIGTERM in the middle of jobs ends with code 0, and every job succeeds', async () => {
  const api = await cluster.newCaller();
  const leaving = media;
  media = await cluster.startMedia();
  const ids = await heavyJobs(api, 8);
  await eventually(async () => expect(await commandsInFlight(leaving)).toBeGreaterThan(0));
  expect(await leaving.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  await expectSucceededOnce(api, cluster.postgres.url, ids, WITHIN_MS);
});

test.each([
  ['SIGTERM', { code: 0, signal: null }],
  ['SIGKILL', { code: null, signal: 'SIGKILL' }],
] as const)(
  'a gateway that gets %s under load loses no accepted job, and a repeated request makes no second one',
  async (signal, exit) => {
    const api = await cluster.newCaller();
    const load = await smallJobs(api, 200);
    await eventually(() => load.accepted.length >= 60);
    expect(await gateway.kill(signal)).toEqual(exit);
    gateway = await cluster.startGateway();
    await load.done;
    await expectSucceededOnce(api, cluster.postgres.url, load.accepted, WITHIN_MS);
    expect(await jobsOf(cluster.postgres.url, load.accepted)).toBe(200);
  },
);
