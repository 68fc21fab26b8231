import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';

const MB = 1_000_000;
const gateway = useGateway({ OBJECT_MAX_MB: '60' });
const { call, upload, storedFiles } = gateway;

const FORM = 'multipart/form-data; boundary=b';
const FORM_HEAD = '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n';

/** An upload that the test writes by hand: in chunks, unless `headers` have a Content-Length. */
function begin(headers: Record<string, string | number>): ClientRequest {
  const upload = request(`${gateway.url}/v1/objects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}`, ...headers },
  });
  upload.on('error', () => undefined);
  upload.flushHeaders();
  return upload;
}

async function answerOf(response: IncomingMessage): Promise<{ status: number; type: string; body: Json }> {
  const body = JSON.parse(await text(response));
  return { status: response.statusCode!, type: response.headers['content-type']!, body };
}

/** Writes until the gateway answers, `bytes` at most. */
async function pour(upload: ClientRequest, bytes: number): Promise<IncomingMessage> {
  const answered = once(upload, 'response');
  let response: IncomingMessage | undefined;
  void answered.then(([message]) => (response = message));
  const chunk = randomBytes(100_000);
  for (let sent = 0; sent < bytes && !response; sent += chunk.length) {
    if (!upload.write(chunk)) await Promise.race([once(upload, 'drain'), answered]);
  }
  return (await answered)[0];
}

describe('an upload above the limit', () => {
  test.each(['application/octet-stream', FORM])('is refused at once by its Content-Length, as %s', async (type) => {
    const attempt = begin({ 'content-type': type, 'content-length': 70 * MB });
    const [response] = await once(attempt, 'response');
    expect(await answerOf(response)).toMatchObject({
      status: 413,
      type: expect.stringMatching(/^application\/problem\+json/),
      body: { code: 'payload_too_large', detail: expect.stringContaining('60 MB'), traceId: expect.any(String) },
    });
    attempt.destroy();
    expect(await storedFiles()).toEqual([]);
  });

  test.each([
    ['raw', 'application/octet-stream', ''],
    ['in a form', FORM, FORM_HEAD],
  ])('is refused by counting when it comes in chunks, %s, and leaves nothing', async (_how, type, head) => {
    const attempt = begin({ 'content-type': type });
    attempt.write(head);
    const answer = await answerOf(await pour(attempt, 80 * MB));
    expect(answer).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
    attempt.destroy();
    await eventually(async () => expect(await storedFiles()).toEqual([]));
    expect((await call('/v1/jobs')).status).toBe(200);
  });

  test('is one byte above it: the limit itself passes, in a form too', async () => {
    const bytes = Buffer.alloc(60 * MB);
    const form = (content: Uint8Array<ArrayBuffer>) => {
      const data = new FormData();
      data.append('file', new File([content], 'f'));
      return call('/v1/objects', { method: 'POST', body: data });
    };
    expect((await upload(bytes)).body.size).toBe(60 * MB);
    expect((await form(bytes)).body.size).toBe(60 * MB);
    expect((await upload(Buffer.alloc(60 * MB + 1))).status).toBe(413);
    expect((await form(Buffer.alloc(60 * MB + 1))).status).toBe(413);
    await eventually(async () => expect(await storedFiles()).toHaveLength(1));
  });
});

describe('a client that leaves in mid-upload', () => {
  test.each([
    ['a raw upload', 'image/png', ''],
    ['a form', FORM, FORM_HEAD],
    ['a form before its file', FORM, '--b\r\nContent-Disp'],
  ])('of %s leaves nothing behind, and the gateway goes on', async (_what, type, head) => {
    const before = await storedFiles();
    const attempt = begin({ 'content-type': type });
    attempt.write(head + 'x'.repeat(200_000));
    if (head !== '--b\r\nContent-Disp') {
      await eventually(async () => expect(await storedFiles()).toHaveLength(before.length + 1));
    }
    attempt.destroy();
    await eventually(async () => expect(await storedFiles()).toEqual(before));
    expect((await upload(Buffer.from('next'))).status).toBe(201);
  });
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
