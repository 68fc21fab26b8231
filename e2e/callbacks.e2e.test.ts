import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { eventually } from '@tandem/testing/eventually';
import type { RunningProcess } from '@tandem/testing/processes';
import pg from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { Cluster } from './cluster.js';
import { SMALL, tinyPng } from './images.js';

const SECRET = `whsec_${Buffer.from('e2e'.repeat(10)).toString('base64')}`;
const SOON = { timeoutMs: 60_000 };

// Every test leaves a gateway running for the next.
let cluster: Cluster;
let gateway: RunningProcess;

beforeAll(async () => {
  cluster = await Cluster.start({ CALLBACK_SECRETS: SECRET, EGRESS_ALLOW: '127.0.0.1:*' });
  gateway = await cluster.startGateway();
  await cluster.startMedia();
});

/** A job whose callback is on its way to a receiver that does not answer yet. */
async function deliveryUnderWay() {
  const receiver = await startReceiver();
  const api = await cluster.newCaller();
  const source = { object: await api.upload(tinyPng()) };
  const callback = { url: receiver.url };
  const { id } = await api.submit('media.transform', { source, renditions: SMALL }, { callback });
  await eventually(() => expect(receiver.ids).toHaveLength(1), SOON);
  return { receiver, api, id };
}

test('the callback of a job is delivered after the gateway was killed in the middle of sending it', async () => {
  const { receiver, api, id } = await deliveryUnderWay();
  await gateway.kill('SIGKILL');
  // Before the next gateway starts, which on a busy machine takes longer than the lease lasts.
  expect(await stateOf(cluster.postgres.url, id)).toEqual({ status: 'pending', attempts: 0 });
  receiver.answers();
  gateway = await cluster.startGateway();
  await leaseRunsOut(cluster.postgres.url, id);
  await eventually(async () => {
    expect((await api.job(id)).callback).toMatchObject({ status: 'delivered', attempts: 1 });
  }, SOON);
  expect(receiver.ids).toEqual([`msg_${id}`, `msg_${id}`]);
});

test('a gateway that gets SIGTERM in the middle of a delivery hands it back', async () => {
  const { receiver, api, id } = await deliveryUnderWay();
  expect(await gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  receiver.answers();
  // Nobody waits here for the 30 s of a lease.
  expect(await isDue(cluster.postgres.url, id)).toBe(true);
  gateway = await cluster.startGateway();
  await eventually(async () => {
    expect((await api.job(id)).callback).toMatchObject({ status: 'delivered', attempts: 1 });
  }, SOON);
});

/** A receiver that takes deliveries in and does not answer until it is told to. */
async function startReceiver() {
  const ids: string[] = [];
  let answers = false;
  const server = createServer((request, response: ServerResponse) => {
    ids.push(request.headers['webhook-id'] as string);
    request.resume();
    if (answers) response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEndOfFile(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    ids,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    answers: () => {
      answers = true;
    },
  };
}

/** Lets 30 s pass. */
async function leaseRunsOut(url: string, job: string): Promise<void> {
  await query(url, `UPDATE gateway.callbacks SET due_at = due_at - interval '30 s' WHERE job = $1`, job);
}

async function isDue(url: string, job: string): Promise<boolean> {
  const { rows } = await query(url, 'SELECT due_at <= now() AS due FROM gateway.callbacks WHERE job = $1', job);
  return rows[0].due;
}

async function stateOf(url: string, job: string): Promise<object> {
  return (await query(url, 'SELECT status, attempts FROM gateway.callbacks WHERE job = $1', job)).rows[0];
}

async function query(url: string, sql: string, job: string): Promise<pg.QueryResult> {
  const client = new pg.Client(url);
  await client.connect();
  return client.query(sql, [job]).finally(() => client.end());
}
