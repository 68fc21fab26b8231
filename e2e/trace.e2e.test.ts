import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobView } from '@tandem/contracts/job';
import { eventually } from '@tandem/testing/eventually';
import type { RunningProcess } from '@tandem/testing/processes';
import { beforeAll, expect, test } from 'vitest';
import type { Api } from './api.js';
import { Cluster, type MediaProcess } from './cluster.js';
import { tinyPng } from './images.js';
import { query } from './ledger.js';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.js';

/** Stands in the name of the file and in the input of the command, and nowhere else. */
const MARKER = 'very-private-beach-photo';
const RENDITIONS = [{ name: MARKER, width: 32 }];

/** Spans are sent every 5 s, and again after a while when the receiver of a busy machine was too slow. */
const EXPORTED = { timeoutMs: 60_000 };

let receiver: OtlpReceiver;
let cluster: Cluster;
let gateway: RunningProcess;
let media: MediaProcess;
let api: Api;

beforeAll(async () => {
  receiver = await startOtlpReceiver();
  cluster = await Cluster.start({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
    LOG_LEVEL: 'trace', // more must not leak either
  });
  gateway = await cluster.startGateway();
  media = await cluster.startMedia();
  api = await cluster.newCaller();
});

/** What a caller who traces sends along. */
function newTrace() {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } };
}

async function submitPrivatePhoto(headers: Record<string, string>): Promise<JobView> {
  const source = { object: await api.upload(tinyPng(), `${MARKER}.png`) };
  return api.transform({ source, renditions: RENDITIONS }, headers);
}

test('one trace leads from the request of the caller to the projection of the result', async () => {
  const { traceId, spanId, headers } = newTrace();
  const job = await submitPrivatePhoto(headers);
  expect(job.traceId).toBe(traceId);
  expect((await api.ended(job.id)).status).toBe('succeeded');

  const running = 'project evt.job.media.transform.running';
  const [spans, beginnings] = await eventually(() => {
    const received = receiver.spans.filter((span) => span.traceId === traceId);
    const others = received.filter(({ name }) => name !== running);
    expect(others).toHaveLength(4);
    return [others, received.filter(({ name }) => name === running)];
  }, EXPORTED);
  const only = (name: string): ReceivedSpan => {
    const [span, ...more] = spans.filter((candidate) => candidate.name.startsWith(name));
    expect([name, span, more]).toEqual([name, expect.anything(), []]);
    return span!;
  };
  const server = only('POST ');
  expect(server).toMatchObject({
    service: 'gateway',
    parentSpanId: spanId,
    attributes: { 'http.request.method': 'POST', 'http.response.status_code': 202 },
  });
  const publish = only('publish media.transform');
  expect(publish).toMatchObject({
    service: 'gateway',
    parentSpanId: server.spanId,
    attributes: { 'tandem.job.id': job.id },
  });
  const process = only('process media.transform');
  expect(process).toMatchObject({
    service: 'media',
    parentSpanId: publish.spanId,
    attributes: { 'tandem.job.id': job.id },
  });
  const project = only('project evt.job.media.transform.succeeded');
  // A job that ends at once does not report that it began.
  expect(beginnings.length).toBeLessThanOrEqual(1);
  for (const span of [project, ...beginnings]) {
    expect(span).toMatchObject({ service: 'gateway', parentSpanId: process.spanId });
  }
});

test('what a worker logs about a job names its trace', async () => {
  const { traceId, headers } = newTrace();
  const source = { object: await api.upload(tinyPng()) };
  // A disk that takes no more writes: an error that no handler foresees.
  const staging = join(cluster.storageDir, 'staging');
  renameSync(staging, `${staging}-away`);
  writeFileSync(staging, '');
  const unseen = [{ name: MARKER, width: 48 }]; // bytes that the store has already are not written again
  const job = await api.transform({ source, renditions: unseen }, headers);
  const line = await logLine(media, 'handler failed');
  expect(line).toMatchObject({ service: 'media', level: 'error', job: job.id, trace_id: traceId });
  rmSync(staging);
  renameSync(`${staging}-away`, staging);
  expect(await api.ended(job.id)).toMatchObject({ status: 'succeeded' });
});

test('what a gateway logs about a request names its trace', async () => {
  const { traceId, headers } = newTrace();
  const source = { object: await api.upload(tinyPng()) };
  const refused = async (table: string, request: () => Promise<unknown>) => {
    await query(cluster.postgres.url, `ALTER TABLE gateway.${table} RENAME TO hidden`, []);
    await expect(request()).rejects.toThrow('500');
    await query(cluster.postgres.url, `ALTER TABLE gateway.hidden RENAME TO ${table}`, []);
  };
  await refused('jobs', () => api.transform({ source, renditions: RENDITIONS }, headers));
  await refused('objects', () => api.upload(tinyPng(), MARKER));
  const line = await logLine(gateway, 'request failed');
  expect(line).toMatchObject({ service: 'gateway', level: 'error', trace_id: traceId });
});

test('no span and no log line holds a token, the name of a file or the input of a command', async () => {
  const [, claims, signature] = api.token.split('.') as [string, string, string];
  // What is exported at the end counts as well.
  await Promise.all([gateway.kill(), media.kill()]);
  const everything = [...receiver.bodies, gateway.log(), media.log()].join('\n');
  expect(everything).toContain('publish media.transform');
  expect(everything).toContain('handler failed');
  for (const secret of [MARKER, claims, signature, 'Bearer ', 'awa@example.test']) {
    const line = everything.split('\n').find((text) => text.includes(secret));
    expect(line, `a line holds ${secret}`).toBeUndefined();
  }
});

/** The first line that says `msg`. */
function logLine(process: RunningProcess, msg: string): Promise<object> {
  return eventually(() => {
    const line = process.log().match(new RegExp(`^.*"msg":"${msg}".*$`, 'm'));
    return line ? JSON.parse(line[0]) : false;
  });
}
