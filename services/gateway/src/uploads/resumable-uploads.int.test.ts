import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@tandem/testing/eventually';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';
import { CollectionUnderTest } from '../objects/collection.fixture.js';
import { stalledPatch, tusRequest, tusUpload } from './tus-client.fixture.js';

const gateway = useGateway({ OBJECT_MAX_MB: '2' });
const { call, storedFiles } = gateway;
const BYTES = Buffer.concat([Buffer.from('GIF89a'), randomBytes(1_000_000)]);
const PART = { 'content-type': 'application/offset+octet-stream' };

let endpoint: string;
let headers: { authorization: string };
let database: CollectionUnderTest;

beforeAll(async () => {
  endpoint = `${gateway.url}/v1/uploads`;
  headers = { authorization: `Bearer ${gateway.token}` };
  database = await CollectionUnderTest.open(gateway);
});
afterAll(() => database.close());

const parts = async () => (await storedFiles()).filter((file) => file.startsWith('uploads/'));
const bearer = async (claims: Parameters<typeof gateway.issuer.token>[0] = {}) => ({
  authorization: `Bearer ${await gateway.issuer.token(claims)}`,
});

/** An upload of so many bytes, of which none has come. */
async function begin(length: number, more: Record<string, string> = {}): Promise<string> {
  const created = await tusRequest('POST', endpoint, { ...headers, 'upload-length': String(length), ...more });
  expect(created.status).toBe(201);
  return gateway.url + created.headers.get('location')!;
}

function patch(url: string, offset: number, bytes: Uint8Array, as = headers): Promise<Response> {
  return tusRequest('PATCH', url, { ...as, ...PART, 'upload-offset': String(offset) }, bytes);
}

async function offsetOf(url: string): Promise<number> {
  return Number((await tusRequest('HEAD', url, headers)).headers.get('upload-offset'));
}

describe('an upload in parts', () => {
  test('becomes an object with its id, whole, sniffed and named', async () => {
    const metadata = { filename: '../plage à Saly.gif', filetype: 'text/html' };
    const { id, offsets, object } = await tusUpload(BYTES, { endpoint, headers, metadata, chunkSize: 300_000 });
    expect(offsets).toEqual([300_000, 600_000, 900_000, BYTES.length]);
    expect(object).toBe(id);
    const info = (await call(`/v1/objects/${id}/info`)).body;
    expect(info).toMatchObject({ id, name: 'plage à Saly.gif', type: 'image/gif', size: BYTES.length });
    expect((await call(`/v1/objects/${id}`)).bytes).toEqual(BYTES);
    expect(await parts()).toEqual([]);
  });

  test('may come whole with its creation', async () => {
    const { id, object } = await tusUpload(BYTES, { endpoint, headers, uploadDataDuringCreation: true });
    expect(object).toBe(id);
    expect((await call(`/v1/objects/${id}`)).bytes).toEqual(BYTES);
  });

  test('may tell its length last', async () => {
    const created = await tusRequest('POST', endpoint, { ...headers, 'upload-defer-length': '1' });
    const url = gateway.url + created.headers.get('location')!;
    await patch(url, 0, BYTES.subarray(0, 10));
    const rest = { ...headers, ...PART, 'upload-offset': '10', 'upload-length': '20' };
    const last = await tusRequest('PATCH', url, rest, BYTES.subarray(10, 20));
    expect([last.status, last.headers.get('tandem-object')]).toEqual([204, url.split('/').at(-1)]);
  });

  test('goes on where it was left', async () => {
    const first = await tusUpload(BYTES, { endpoint, headers, chunkSize: 300_000, stopAfter: 2 });
    expect(await offsetOf(first.url)).toBe(600_000);
    const second = await tusUpload(BYTES, { uploadUrl: first.url, headers, chunkSize: 300_000 });
    expect(second.offsets).toEqual([900_000, BYTES.length]);
    expect((await call(`/v1/objects/${first.id}`)).bytes).toEqual(BYTES);
  });

  test('keeps what came before its connection broke in the middle of a part', async () => {
    const url = await begin(BYTES.length);
    const broken = stalledPatch(url, { ...headers, 'upload-offset': '0' }, BYTES.length, BYTES.subarray(0, 500_000));
    await eventually(async () => expect(await sizeOnDisk(url)).toBe(500_000));
    broken.destroy();
    await eventually(async () => expect(await offsetOf(url)).toBe(500_000));
    await tusUpload(BYTES, { uploadUrl: url, headers });
    expect((await call(`/v1/objects/${url.split('/').at(-1)}`)).bytes).toEqual(BYTES);
  });

  test('is taken over from a connection that is silent', async () => {
    const url = await begin(BYTES.length);
    const silent = stalledPatch(url, { ...headers, 'upload-offset': '0' }, BYTES.length, BYTES.subarray(0, 500_000));
    const ended = once(silent, 'close');
    await eventually(async () => expect(await sizeOnDisk(url)).toBe(500_000));
    await tusUpload(BYTES, { uploadUrl: url, headers });
    expect((await call(`/v1/objects/${url.split('/').at(-1)}`)).bytes).toEqual(BYTES);
    silent.destroy();
    await ended;
  });

  test('lets one of two requests at once write, and the other is told where it stands', async () => {
    const url = await begin(100);
    const answers = await Promise.all([patch(url, 0, BYTES.subarray(0, 100)), patch(url, 0, BYTES.subarray(0, 100))]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    expect((await call(`/v1/objects/${url.split('/').at(-1)}`)).bytes).toEqual(BYTES.subarray(0, 100));
  });

  test('and another at the same time do not touch each other', async () => {
    const others = [randomBytes(700_000), randomBytes(800_000), randomBytes(900_000)];
    const uploads = await Promise.all(
      others.map((bytes) => tusUpload(bytes, { endpoint, headers, chunkSize: 90_000 })),
    );
    for (const [index, { id }] of uploads.entries())
      expect((await call(`/v1/objects/${id}`)).bytes.equals(others[index]!)).toBe(true);
  });

  async function sizeOnDisk(url: string): Promise<number> {
    return (await stat(join(gateway.folder, 'uploads', url.split('/').at(-1)!))).size;
  }
});

describe('a complete upload whose gateway died before it was an object', () => {
  test('becomes one when its client asks how far it is', async () => {
    const url = await begin(10);
    const id = url.split('/').at(-1)!;
    await patch(url, 0, BYTES.subarray(0, 5));
    // All that the dead gateway had done: the last bytes are in the file.
    await appendFile(join(gateway.folder, 'uploads', id), BYTES.subarray(5, 10));
    const asked = await tusRequest('HEAD', url, headers);
    expect([asked.headers.get('upload-offset'), asked.headers.get('tandem-object')]).toEqual(['10', id]);
    expect((await call(`/v1/objects/${id}`)).bytes).toEqual(BYTES.subarray(0, 10));
  });
});

describe('a finished upload', () => {
  test('answers for its object, takes no more and cannot be terminated', async () => {
    const { url, id } = await tusUpload(BYTES, { endpoint, headers });
    const asked = await tusRequest('HEAD', url, headers);
    expect(asked.headers.get('tandem-object')).toBe(id);
    expect([asked.headers.get('upload-offset'), asked.headers.get('upload-length')]).toEqual(
      [BYTES.length, BYTES.length].map(String),
    );
    expect((await patch(url, BYTES.length, BYTES)).status).toBe(409);
    expect((await tusRequest('DELETE', url, headers)).status).toBe(409);
    expect((await call(`/v1/objects/${id}`)).status).toBe(200);
  });
});

describe('what is refused', () => {
  test('a part at the wrong place, which changes nothing', async () => {
    const url = await begin(100);
    await patch(url, 0, BYTES.subarray(0, 40));
    for (const offset of [0, 39, 41, 100]) {
      const answer = await patch(url, offset, BYTES.subarray(40, 50));
      expect([answer.status, (await answer.json()) as object]).toEqual([
        409,
        expect.objectContaining({ code: 'conflict' }),
      ]);
    }
    expect(await offsetOf(url)).toBe(40);
  });

  test('what is too large: by its length, by its part, and by counting', async () => {
    const tooLong = await tusRequest('POST', endpoint, { ...headers, 'upload-length': '2000001' });
    expect([tooLong.status, tooLong.headers.get('content-type')]).toEqual([
      413,
      expect.stringMatching(/^application\/problem\+json/),
    ]);
    const url = await begin(100);
    expect((await patch(url, 0, BYTES.subarray(0, 101))).status).toBe(413);
    const deferred = await tusRequest('POST', endpoint, { ...headers, 'upload-defer-length': '1' });
    const endless = gateway.url + deferred.headers.get('location')!;
    expect((await patch(endless, 0, Buffer.alloc(2_000_001))).status).toBe(413);
    expect(await offsetOf(url)).toBe(0);
  });

  test('an empty file, and nothing is left of it', async () => {
    const before = await parts();
    const answer = await tusRequest('POST', endpoint, { ...headers, 'upload-length': '0' });
    expect([answer.status, (await answer.json()) as object]).toEqual([
      422,
      expect.objectContaining({ code: 'invalid_input' }),
    ]);
    expect(await parts()).toEqual(before);
  });

  test('somebody else’s upload, like one that does not exist', async () => {
    const url = await begin(100);
    const strangers = [await bearer(), await bearer({ app_metadata: { tenant_id: 'other' }, role: 'service_role' })];
    for (const stranger of strangers) {
      expect((await tusRequest('HEAD', url, stranger)).status).toBe(404);
      expect((await patch(url, 0, BYTES.subarray(0, 100), stranger)).status).toBe(404);
      expect((await tusRequest('DELETE', url, stranger)).status).toBe(404);
    }
    for (const id of [crypto.randomUUID(), '1', '..%2f..%2fobjects', '%00'])
      expect((await tusRequest('HEAD', `${endpoint}/${id}`, headers)).status).toBe(404);
    expect(await offsetOf(url)).toBe(0);
  });

  test('a caller without a token, and one without the scope', async () => {
    const url = await begin(100);
    const reader = await bearer({ app_metadata: { scopes: ['objects:read'] } });
    for (const [as, status] of [
      [{}, 401],
      [reader, 403],
    ] as const) {
      expect((await tusRequest('POST', endpoint, { ...as, 'upload-length': '5' })).status).toBe(status);
      expect((await tusRequest('HEAD', url, as)).status).toBe(status);
      expect(
        (await tusRequest('PATCH', url, { ...as, ...PART, 'upload-offset': '0' }, BYTES.subarray(0, 5))).status,
      ).toBe(status);
      expect((await tusRequest('DELETE', url, as)).status).toBe(status);
    }
  });

  test('a request in another protocol, a file by GET, and a method in a header', async () => {
    const other = await fetch(endpoint, { method: 'POST', headers: { ...headers, 'upload-length': '5' } });
    expect(other.status).toBe(412);
    const url = await begin(100);
    expect((await fetch(url, { headers })).status).toBe(404);
    const sly = await tusRequest('POST', endpoint, {
      ...headers,
      'upload-length': '5',
      'x-http-method-override': 'DELETE',
    });
    expect(sly.status).toBe(201);
  });
});

describe('an upload that is not finished', () => {
  test('goes when it is terminated', async () => {
    const url = await begin(100);
    await patch(url, 0, BYTES.subarray(0, 40));
    expect((await tusRequest('DELETE', url, headers)).status).toBe(204);
    expect((await tusRequest('HEAD', url, headers)).status).toBe(404);
    expect(await parts()).not.toContain(`uploads/${url.split('/').at(-1)}`);
  });

  test('is removed when its time is over, rows and parts', async () => {
    const [url, other] = [await begin(100), await begin(100)];
    await patch(url, 0, BYTES.subarray(0, 40));
    const id = url.split('/').at(-1)!;
    await database.pool.query(`UPDATE gateway.uploads SET expires_at = now() - interval '1 s' WHERE id = $1`, [id]);
    await database.expireUploads();
    expect((await tusRequest('HEAD', url, headers)).status).toBe(404);
    expect(await parts()).not.toContain(`uploads/${id}`);
    expect(await offsetOf(other)).toBe(0);
  });

  test('says when it expires', async () => {
    const created = await tusRequest('POST', endpoint, { ...headers, 'upload-length': '9' });
    const hours = (Date.parse(created.headers.get('upload-expires')!) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(23.9);
    expect(hours).toBeLessThan(24.1);
  });
});

describe('CORS', () => {
  test('lets a browser upload from an allowed origin, and read what it needs', async () => {
    const preflight = await fetch(endpoint, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,tus-resumable,upload-length',
      },
    });
    expect(preflight.ok).toBe(true);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('tus-resumable');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    const origin = { origin: 'https://app.example' };
    const created = await tusRequest('POST', endpoint, { ...headers, ...origin, 'upload-length': '9' });
    expect(created.headers.get('access-control-allow-origin')).toBe('https://app.example');
    const exposed = created.headers.get('access-control-expose-headers')!;
    for (const name of ['location', 'upload-offset', 'tandem-object']) expect(exposed).toContain(name);
    const evil = await tusRequest('POST', endpoint, {
      ...headers,
      origin: 'https://evil.example',
      'upload-length': '9',
    });
    expect(evil.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('is not needed to ask what the server can do', async () => {
    const abilities = await fetch(endpoint, { method: 'OPTIONS' });
    expect(Object.fromEntries(abilities.headers)).toMatchObject({
      'tus-version': '1.0.0',
      'tus-max-size': '2000000',
      'tus-extension': expect.stringContaining('termination'),
    });
  });
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
