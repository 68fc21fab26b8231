import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { JobView } from '@tandem/contracts/job';
import { atEndOfFile } from '@tandem/testing/cleanup';
import { eventually } from '@tandem/testing/eventually';
import { expect, test } from 'vitest';
import { resultOf } from './api.js';
import { Cluster } from './cluster.js';
import { photo } from './images.js';

test('an app uploads a photo by the path of the earlier version, and is told when its renditions are there', async () => {
  const told: { type: string; data: JobView }[] = [];
  const receiver = createServer(async (request, response) => {
    told.push((await json(request)) as (typeof told)[number]);
    response.end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  atEndOfFile(() => receiver.close());
  const { port } = receiver.address() as AddressInfo;
  const secret = `whsec_${Buffer.from('e2e'.repeat(10)).toString('base64')}`;
  const cluster = await Cluster.start({ CALLBACK_SECRETS: secret, EGRESS_ALLOW: '127.0.0.1:*' });
  await cluster.startGateway();
  await cluster.startMedia();
  const api = await cluster.newCaller();

  const form = new FormData();
  form.append('file', new Blob([photo()]), 'photo.jpg');
  form.append('renditions', JSON.stringify([{ name: 'thumb', width: 100, format: 'webp' }]));
  form.append('callback', `http://127.0.0.1:${port}/`);
  const headers = { authorization: `Bearer ${api.token}` };
  const response = await fetch(`${cluster.url}/media/upload`, { method: 'POST', body: form, headers });
  expect(response.status).toBe(202);
  const { job } = (await response.json()) as { job: JobView };
  await eventually(() => expect(told).toHaveLength(1), { timeoutMs: 60_000 });

  expect(told[0]).toMatchObject({ type: 'job.succeeded', data: { id: job.id } });
  const [thumb] = resultOf(told[0]!.data).renditions;
  expect(await api.sha256(thumb!.id)).toBe(thumb!.sha256);
});
