import { createHash, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import type { RunningProcess } from '@tandem/testing/processes';
import { beforeAll, expect, test } from 'vitest';
import { Cluster } from './cluster.js';

const BYTES = randomBytes(6_000_000);
const PART = { 'content-type': 'application/offset+octet-stream' };

let cluster: Cluster;
let gateway: RunningProcess;
let headers: Record<string, string>;

beforeAll(async () => {
  cluster = await Cluster.start();
  gateway = await cluster.startGateway();
  headers = { 'tus-resumable': '1.0.0', authorization: `Bearer ${await cluster.issuer.token()}` };
});

async function begin(): Promise<{ url: string; id: string }> {
  const created = await fetch(`${cluster.url}/v1/uploads`, {
    method: 'POST',
    headers: { ...headers, 'upload-length': String(BYTES.length) },
  });
  const url = cluster.url + created.headers.get('location')!;
  return { url, id: url.split('/').at(-1)! };
}

function patch(url: string, from: number, to: number): Promise<Response> {
  const body = BYTES.subarray(from, to);
  return fetch(url, { method: 'PATCH', headers: { ...headers, ...PART, 'upload-offset': String(from) }, body });
}

async function offsetOf(url: string): Promise<number> {
  const asked = await fetch(url, { method: 'HEAD', headers });
  expect(asked.status).toBe(200);
  return Number(asked.headers.get('upload-offset'));
}

async function hashOf(id: string): Promise<string> {
  const object = await fetch(`${cluster.url}/v1/objects/${id}`, { headers });
  return createHash('sha256')
    .update(Buffer.from(await object.arrayBuffer()))
    .digest('hex');
}

async function restart(): Promise<void> {
  await gateway.kill('SIGKILL');
  gateway = await cluster.startGateway();
}

const WHOLE = createHash('sha256').update(BYTES).digest('hex');

test('an upload whose gateway is killed between two parts goes on with the next gateway', async () => {
  const { url, id } = await begin();
  expect((await patch(url, 0, 2_000_000)).status).toBe(204);
  await restart();
  expect(await offsetOf(url)).toBe(2_000_000);
  expect((await patch(url, 2_000_000, 4_000_000)).status).toBe(204);
  await restart();
  const last = await patch(url, 4_000_000, BYTES.length);
  expect([last.status, last.headers.get('tandem-object')]).toEqual([204, id]);
  expect(await hashOf(id)).toBe(WHOLE);
});

test('an upload whose gateway is killed in the middle of a part keeps what had come, and is free again', async () => {
  const { url, id } = await begin();
  const broken = request(url, {
    method: 'PATCH',
    headers: { ...headers, ...PART, 'upload-offset': '0', 'content-length': BYTES.length },
  });
  broken.on('error', () => undefined);
  broken.write(BYTES.subarray(0, 3_000_000));
  const onDisk = async () => (await stat(join(cluster.storageDir, 'uploads', id))).size;
  await eventually(async () => expect(await onDisk()).toBe(3_000_000));
  await restart();
  const offset = await offsetOf(url);
  expect(offset).toBe(3_000_000);
  expect((await patch(url, offset, BYTES.length)).status).toBe(204);
  expect(await hashOf(id)).toBe(WHOLE);
});
