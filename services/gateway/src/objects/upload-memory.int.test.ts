import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

// A file of its own: what other tests leave to the collector would hide what this one looks for.
const gateway = useGateway({ OBJECT_MAX_MB: '60' });

// Without a collection before each look, this would measure how lazy the collector is.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function heldBytes(): Promise<number> {
  collect();
  // The sweeper gives buffers back beside the collector.
  await turn();
  collect();
  return process.memoryUsage().arrayBuffers;
}

test.each([
  ['raw', 'application/octet-stream', '', ''],
  [
    'in a form',
    'multipart/form-data; boundary=b',
    '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n',
    '\r\n--b--\r\n',
  ],
])('an upload of 50 MB, %s, takes memory for a few chunks only', async (_how, type, head, tail) => {
  const chunk = randomBytes(100_000);
  const start = await heldBytes();
  let most = 0;
  async function* body() {
    yield Buffer.from(head);
    for (let i = 0; i < 500; i += 1) {
      if (i % 50 === 49) most = Math.max(most, (await heldBytes()) - start);
      yield chunk;
    }
    yield Buffer.from(tail);
  }
  const { status, body: object } = await gateway.call('/v1/objects', {
    method: 'POST',
    headers: { 'content-type': type },
    body: ReadableStream.from(body()),
    duplex: 'half',
  });
  expect([status, object.size]).toEqual([201, 50_000_000]);
  expect(most).toBeLessThan(10_000_000);
});
