import { createHash, randomBytes } from 'node:crypto';
import { readdir, readlink, rm } from 'node:fs/promises';
import { eventually } from '@tandem/testing/eventually';
import { beforeAll, describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway({ OBJECT_MAX_MB: '20' });
const { call, upload, storedFiles } = gateway;

const BYTES = Buffer.from('0123456789');
const ETAG = `"${createHash('sha256').update(BYTES).digest('hex')}"`;
let path: string;

beforeAll(async () => {
  path = `/v1/objects/${(await upload(BYTES, { query: '?name=digits.txt' })).body.id}`;
});

function get(headers: Record<string, string>, method = 'GET') {
  return call(path, { headers, method });
}

describe('a download', () => {
  test('is the whole object, with what a client needs to keep it and go on', async () => {
    const { status, headers, bytes } = await get({});
    expect(status).toBe(200);
    expect(bytes).toEqual(BYTES);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '10',
      'accept-ranges': 'bytes',
      etag: ETAG,
      'cache-control': 'private, max-age=31536000, immutable',
      vary: expect.stringMatching(/\bAuthorization\b/i),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    });
    expect(Date.parse(headers.get('last-modified')!)).not.toBeNaN();
  });

  test('asked for with HEAD has the same headers and no body', async () => {
    const { status, headers, bytes } = await get({}, 'HEAD');
    expect([status, bytes.length]).toEqual([200, 0]);
    expect(headers.get('content-length')).toBe('10');
    expect(headers.get('etag')).toBe(ETAG);
  });

  test.each([
    ['bytes=0-3', '0123', 'bytes 0-3/10'],
    ['bytes=4-4', '4', 'bytes 4-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=7-99', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
    ['Bytes=0-0', '0', 'bytes 0-0/10'],
  ])('of %s is %s', async (range, content, contentRange) => {
    const { status, headers, body } = await get({ range });
    expect([status, body]).toEqual([206, content]);
    expect(headers.get('content-range')).toBe(contentRange);
    expect(headers.get('content-length')).toBe(String(content.length));
  });

  test.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])(
    'of %s, beyond the end, is refused with the size',
    async (range) => {
      const { status, headers, body } = await get({ range });
      expect([status, body.code]).toEqual([416, 'range_not_satisfiable']);
      expect(headers.get('content-range')).toBe('bytes */10');
      expect(headers.get('content-type')).toMatch('application/problem+json');
      expect(headers.get('cache-control')).toBe('no-store');
    },
  );

  test.each(['bytes=0-1,4-5', 'bytes=5-2', 'bytes=a-b', 'items=90-99', 'bytes', 'bytes=', 'bytes=1-2x'])(
    'of %s, which asks for nothing that is served in part, is whole',
    async (range) => {
      const { status, body } = await get({ range });
      expect([status, body]).toEqual([200, '0123456789']);
    },
  );

  test.each([ETAG, `W/${ETAG}`, `"other", ${ETAG}`, '*'])('is not repeated to who has %s', async (tag) => {
    const { status, headers, bytes } = await get({ 'if-none-match': tag });
    expect([status, bytes.length]).toEqual([304, 0]);
    expect(headers.get('etag')).toBe(ETAG);
    expect(headers.get('cache-control')).toContain('immutable');
  });

  test('is sent to who has something else', async () => {
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('goes on where it broke off only when the object is the same', async () => {
    const range = 'bytes=5-';
    expect((await get({ range, 'if-range': ETAG })).body).toBe('56789');
    for (const tag of ['"other"', `W/${ETAG}`, new Date().toUTCString()]) {
      const { status, body } = await get({ range, 'if-range': tag });
      expect([status, body]).toEqual([200, '0123456789']);
    }
  });

  test('that the client breaks off closes its file', async () => {
    const { body } = await upload(randomBytes(15_000_000));
    const openFiles = async () => {
      const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
      return (await Promise.all(links)).filter((target) => target.startsWith(gateway.folder)).length;
    };
    const leave = new AbortController();
    const response = await fetch(`${gateway.url}/v1/objects/${body.id}`, {
      headers: { authorization: `Bearer ${gateway.token}` },
      signal: leave.signal,
    });
    await response.body!.getReader().read();
    expect(await openFiles()).toBe(1);
    leave.abort();
    await eventually(async () => expect(await openFiles()).toBe(0));
  });

  test('of an object whose bytes are gone is a failure on our side that nobody caches', async () => {
    const before = await storedFiles();
    const { body } = await upload(Buffer.from('soon gone'));
    const [file] = (await storedFiles()).filter((name) => !before.includes(name));
    await rm(`${gateway.folder}/${file}`);
    const answer = await call(`/v1/objects/${body.id}`);
    expect([answer.status, answer.body.code]).toEqual([500, 'internal']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('etag')).toBeNull();
    expect(JSON.stringify(answer.body)).not.toContain(body.sha256);
    expect(gateway.failures.splice(0)).toHaveLength(1);
  });
});

describe('the name of a download', () => {
  const dispositionOf = async (content: string, name?: string) => {
    const query = name === undefined ? '' : `?name=${encodeURIComponent(name)}`;
    const { body } = await upload(Buffer.from(content), { query });
    return (await call(`/v1/objects/${body.id}`)).headers.get('content-disposition');
  };

  test.each([
    ['été à Dakar.jpg', `filename="_t_ _ Dakar.jpg"; filename*=UTF-8''%C3%A9t%C3%A9%20%C3%A0%20Dakar.jpg`],
    ['say "hi"\\.txt', `filename="say _hi__.txt"; filename*=UTF-8''say%20%22hi%22%5C.txt`],
    ["l'été (1)*.txt", `filename="l'_t_ (1)*.txt"; filename*=UTF-8''l%27%C3%A9t%C3%A9%20%281%29%2A.txt`],
    ['a;b=c,d.txt', `filename="a;b=c,d.txt"; filename*=UTF-8''a%3Bb%3Dc%2Cd.txt`],
    ['日本🎉.txt', `filename="____.txt"; filename*=UTF-8''%E6%97%A5%E6%9C%AC%F0%9F%8E%89.txt`],
  ])('%s survives', async (name, expected) => {
    expect(await dispositionOf('text', name)).toBe(`inline; ${expected}`);
  });

  test('is the id where there is none', async () => {
    expect(await dispositionOf('text')).toMatch(/^inline; filename="[0-9a-f-]{36}"/);
  });
});

test.each([
  ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'attachment'],
  ['application/xml', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', 'attachment'],
  ['text/plain; charset=utf-8', '<!doctype html><script>alert(1)</script>', 'inline'],
  ['application/zip', 'PK\u0003\u0004\u0014\u0000\u0000\u0000', 'attachment'],
])('%s cannot run in a browser', async (type, content, kind) => {
  const { body } = await upload(Buffer.from(content));
  const { headers } = await call(`/v1/objects/${body.id}`);
  expect(headers.get('content-type')).toBe(type);
  expect(headers.get('content-disposition')).toMatch(new RegExp(`^${kind};`));
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('none of the rest was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
