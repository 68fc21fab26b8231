import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { eventually } from '@tandem/testing/eventually';
import pg from 'pg';
import { expect, test } from 'vitest';
import { Cluster } from './cluster.js';
import { SMALL, tinyPng } from './images.js';

const SECRET = `whsec_${Buffer.from('e2e'.repeat(10)).toString('base64')}`;

test('the callback of a job is delivered after the gateway was killed in the middle of sending it', async () => {
  const receiver = await startReceiver();
  const cluster = await Cluster.start({ CALLBACK_SECRETS: SECRET, EGRESS_ALLOW: '127.0.0.1:*' });
  const gateway = await cluster.startGateway();
  const api = await cluster.newCaller();
  const source = { object: await api.upload(tinyPng()) };
  await cluster.startMedia();
  const { id } = await api.submit(
    'media.transform',
    { source, renditions: SMALL },
    { callback: { url: receiver.url } },
  );
  await api.ended(id);
  await eventually(() => expect(receiver.ids).toHaveLength(1));
  await gateway.kill('SIGKILL');

  receiver.answers();
  await cluster.startGateway();
  expect((await api.job(id)).callback).toMatchObject({ status: 'pending', attempts: 0 });
  await leaseRunsOut(cluster.postgres.url, id);
  await eventually(async () =>
    expect((await api.job(id)).callback).toMatchObject({ status: 'delivered', attempts: 1 }),
  );
  expect(receiver.ids).toEqual([`msg_${id}`, `msg_${id}`]);
});

test('a gateway that gets SIGTERM in the middle of a delivery hands it back', async () => {
  const receiver = await startReceiver();
  const cluster = await Cluster.start({ CALLBACK_SECRETS: SECRET, EGRESS_ALLOW: '127.0.0.1:*' });
  const gateway = await cluster.startGateway();
  const api = await cluster.newCaller();
  await cluster.startMedia();
  const source = { object: await api.upload(tinyPng()) };
  const { id } = await api.submit(
    'media.transform',
    { source, renditions: SMALL },
    { callback: { url: receiver.url } },
  );
  await eventually(() => expect(receiver.ids).toHaveLength(1));
  expect(await gateway.kill('SIGTERM')).toEqual({ code: 0, signal: null });

  receiver.answers();
  await cluster.startGateway();
  // Long before a lease of 30 s would have run out.
  await eventually(async () =>
    expect((await api.job(id)).callback).toMatchObject({ status: 'delivered', attempts: 1 }),
  );
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
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`UPDATE gateway.callbacks SET due_at = due_at - interval '30 s' WHERE job = $1`, [job]);
  await client.end();
}
