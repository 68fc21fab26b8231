import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Egress } from '@tandem/egress/egress';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchSource } from './fetch-source.js';

const NOW = Date.parse('2026-01-02T03:04:05Z');

let folder: string;
let server: Server;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-fetch-'));
  server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/photo.jpg`;
const policyOf = (tenant?: string) => ({ allow: tenant === 'acme' ? ['127.0.0.1:*'] : [] });
const patient = new Egress(policyOf);
const hasty = new Egress(policyOf, { firstByteMs: 100 });
const hastyLater = new Egress(policyOf, { idleMs: 100 });

async function fetching(
  from = url(),
  {
    tenant = 'acme',
    maxBytes = 1_000,
    signal,
    egress = patient,
  }: { tenant?: string; maxBytes?: number; signal?: AbortSignal; egress?: Egress } = {},
) {
  await fetchSource(egress, tenant, from, join(folder, 'source'), { maxBytes, signal, now: () => NOW });
}

/** How a failed fetch ended; nothing may be left on the disk. */
async function failed(...args: Parameters<typeof fetching>) {
  const error = await fetching(...args).then(
    () => expect.unreachable('it should have failed'),
    (reason) => reason,
  );
  expect(await readdir(folder)).toEqual([]);
  return error;
}

test('a source is in the file, byte by byte', async () => {
  const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, i) => i % 256));
  answer = (response) => response.end(bytes);
  await fetching();
  expect(await readFile(join(folder, 'source'))).toEqual(bytes);
});

describe('a job is rejected', () => {
  test.each([
    [403, /answered 403: it does not let everybody read it. Send a signed URL/],
    [404, /answered 404: there is no file at this URL/],
    [400, /answered 400 instead of a file/],
    [204, /answered 204 instead of a file/],
    [304, /answered 304 instead of a file/],
  ])('when the host answers %i', async (status, detail) => {
    answer = (response) => response.writeHead(status).end();
    const rejected = { name: 'Rejected', code: 'source_unreachable', detail: expect.stringMatching(detail) };
    expect(await failed()).toMatchObject(rejected);
  });

  test('when its tenant may not reach the host', async () => {
    answer = (response) => response.end('secret');
    expect(await failed(url(), { tenant: 'other' })).toMatchObject({ name: 'Rejected', code: 'source_unreachable' });
    expect(await failed('http://169.254.169.254/')).toMatchObject({
      code: 'source_unreachable',
      detail: 'The address 169.254.169.254 is not allowed, or does not exist. Send a public URL, or upload the file.',
    });
  });

  test('when the file is too large, told beforehand or not', async () => {
    const tooLarge = {
      name: 'Rejected',
      code: 'payload_too_large',
      detail: 'The source is too large. The answer may have 1000 bytes and had more. Send a smaller file.',
    };
    answer = (response) => response.end(Buffer.alloc(1_001));
    expect(await failed()).toMatchObject(tooLarge);
    answer = (response) => void response.write(Buffer.alloc(500), () => response.end(Buffer.alloc(501)));
    expect(await failed()).toMatchObject(tooLarge);
  });

  test('when redirects lead in a circle', async () => {
    answer = (response) => response.writeHead(302, { location: url() }).end();
    expect(await failed()).toMatchObject({ name: 'Rejected', code: 'source_unreachable' });
  });
});

describe('an attempt fails', () => {
  test.each([500, 502, 429, 408])('when the host answers %i', async (status) => {
    answer = (response) => response.writeHead(status).end();
    expect(await failed()).toMatchObject({ name: 'AttemptFailed', code: 'source_unreachable' });
  });

  test('when the host is slow, in the middle of the file too', async () => {
    answer = () => {};
    expect(await failed(url(), { egress: hasty })).toMatchObject({
      name: 'AttemptFailed',
      detail: 'The source cannot be fetched. No answer came within 0.1 s.',
    });
    answer = (response) => void response.write('half');
    expect(await failed(url(), { egress: hastyLater })).toMatchObject({
      name: 'AttemptFailed',
      code: 'source_unreachable',
    });
  });

  test('when the connection breaks, and nothing of the cause is shown', async () => {
    answer = (response) =>
      void response.writeHead(200, { 'content-length': 10 }).write('half', () => response.destroy());
    expect(await failed()).toMatchObject({
      name: 'AttemptFailed',
      detail: 'The source cannot be fetched. The connection to 127.0.0.1 failed.',
    });
  });
});

test.each([
  [429, '120', 120_000],
  [503, 'Fri, 02 Jan 2026 03:14:05 GMT', 600_000],
  [503, '0', 5_000],
  [503, '99999999', 3_600_000],
])(
  'the job waits as long as a host with %i and Retry-After: %s asks, within bounds',
  async (status, value, afterMs) => {
    answer = (response) => response.writeHead(status, { 'retry-after': value }).end();
    expect(await failed()).toMatchObject({ name: 'RetryLater', afterMs });
  },
);

test('a cancelled job ends with its own reason', async () => {
  const abort = new AbortController();
  answer = (response) => void response.write('half', () => abort.abort(new Error('cancelled')));
  expect(await failed(url(), { signal: abort.signal })).toMatchObject({ message: 'cancelled' });
});
