import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, upload, storedFiles } = gateway;

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const JPEG = Buffer.from('ffd8ffe000104a46494600010100000100010000ffd9', 'hex');

function form(parts: Record<string, string | File>): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(parts)) data.append(name, value);
  return data;
}

function post(body: FormData | string, headers?: Record<string, string>) {
  return call('/v1/objects', { method: 'POST', body, headers });
}

describe('an upload', () => {
  test.each<[string, Buffer, string]>([
    ['JPEG', JPEG, 'image/jpeg'],
    ['PNG', PNG, 'image/png'],
    ['text', Buffer.from('Le prix est de 5 €\n'), 'text/plain; charset=utf-8'],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'],
    ['SVG in a namespace', Buffer.from('\ufeff<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>'), 'image/svg+xml'],
    ['SVG in UTF-16', Buffer.from('\ufeff<svg xmlns="http://www.w3.org/2000/svg"/>', 'utf16le'), 'image/svg+xml'],
    ['a page with SVG in it', Buffer.from('<!doctype html><svg></svg>'), 'text/plain; charset=utf-8'],
    ['TIFF with its directory at the end', Buffer.from(`II*\0\xff\xff${'\0'.repeat(9_000)}`, 'latin1'), 'image/tiff'],
    ['SVG after a declaration', Buffer.from('<?xml version="1.0"?>\n<!-- logo -->\n<svg/>'), 'image/svg+xml'],
    ['PDF', Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj\n'), 'application/pdf'],
    ['HTML, which no browser shall take for HTML', Buffer.from('<!doctype html><p>'), 'text/plain; charset=utf-8'],
    ['bytes that mean nothing', Buffer.from([0x93, 0xfe, 0x00, 0xc1, 0x80]), 'application/octet-stream'],
    ['one byte', Buffer.from('x'), 'text/plain; charset=utf-8'],
  ])(
    'of %s is answered with its id, digest, size and the type of its bytes, raw and in a form',
    async (_what, bytes, type) => {
      const expected = { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, type };
      const raw = await upload(bytes);
      const multipart = await post(form({ file: new File([bytes], 'file.jpg', { type: 'image/jpeg' }) }));
      for (const { status, headers, body } of [raw, multipart]) {
        expect(status).toBe(201);
        expect(body).toMatchObject(expected);
        expect(headers.get('location')).toBe(`/v1/objects/${body.id}`);
        expect((await call(`/v1/objects/${body.id}`)).bytes).toEqual(bytes);
      }
      expect(raw.body.name).toBeUndefined();
      expect(multipart.body.name).toBe('file.jpg');
    },
  );

  test.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'image/png',
    'video/mp4',
    undefined,
  ])('with content type %s is stored byte for byte', async (type) => {
    const bytes = Buffer.concat([Buffer.from('{"a":1}&b=%20'), randomBytes(100_000)]);
    const { status, body } = await upload(bytes, { headers: type ? { 'content-type': type } : {} });
    expect(status).toBe(201);
    expect((await call(`/v1/objects/${body.id}`)).bytes).toEqual(bytes);
  });

  test('keeps the name of the query, of the form, accents and all; the query wins', async () => {
    const file = new File(['x'], 'été à Dakar.txt');
    expect((await post(form({ title: 'a field before it', file }))).body.name).toBe('été à Dakar.txt');
    const named = await call(`/v1/objects?name=${encodeURIComponent('plage à Saly.txt')}`, {
      method: 'POST',
      body: form({ file }),
    });
    expect(named.body.name).toBe('plage à Saly.txt');
  });

  test('has no name when the form gives none that can be kept', async () => {
    const { status, body } = await post(
      '--b\r\nContent-Disposition: form-data; name="f"; filename=""\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
    );
    expect([status, body.name]).toEqual([201, undefined]);
  });

  test('takes the last part of a path that a form names, without control characters', async () => {
    const { status, body } = await post(
      '--b\r\nContent-Disposition: form-data; name="f"; filename="../../etc/pass\u0000\u0007wd"\r\n\r\nx\r\n--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
    );
    expect([status, body.name]).toEqual([201, 'passwd']);
  });

  test('of a few files in one form is refused, for only one would be kept', async () => {
    const before = await storedFiles();
    const { status, body } = await post(form({ a: new File(['first'], 'a'), b: new File(['second'], 'b') }));
    expect([status, body.code]).toEqual([422, 'invalid_input']);
    expect(body.detail).toContain('one file');
    expect(await storedFiles()).toEqual(before);
  });

  test.each([
    ['an empty body', '', {}, 422, 'invalid_input', 'empty'],
    ['an empty body of a type', '', { 'content-type': 'image/png' }, 422, 'invalid_input', 'empty'],
    ['a form without a file', form({ title: 'x' }), {}, 422, 'invalid_input', 'filename'],
    ['a form with an empty file', form({ file: new File([], 'a.png') }), {}, 422, 'invalid_input', 'empty'],
    ['a form without its boundary', 'x', { 'content-type': 'multipart/form-data' }, 400, 'malformed_body', 'form'],
    [
      'a form that is none',
      'nonsense',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'malformed_body',
      'form',
    ],
    [
      'a form that breaks off',
      '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nhalf of i',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'malformed_body',
      'form',
    ],
    [
      'a form with a dangerous field',
      '--b\r\nContent-Disposition: form-data; name="__proto__"; filename="f"\r\n\r\nx\r\n--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
      400,
      'malformed_body',
      'form',
    ],
  ])('of %s is refused and leaves nothing', async (_what, content, headers, status, code, hint) => {
    const before = await storedFiles();
    const answer = await post(content, headers as Record<string, string>);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).toContain(hint);
    expect(answer.body.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(await storedFiles()).toEqual(before);
  });

  test('with a content type that is none is refused with a word on how to mend it', async () => {
    const { status, body } = await upload(PNG, { headers: { 'content-type': 'png' } });
    expect([status, body.code]).toEqual([415, 'unsupported_media_type']);
    expect(body.detail).toContain('leave it out');
  });

  test.each([
    ['?name=', '/name'],
    [`?name=${'x'.repeat(256)}`, '/name'],
    ['?name=a&name=b', '/name'],
    ['?name=a%00b', '/name'],
    ['?name=a%0d%0aset-cookie:b', '/name'],
    ['?nmae=photo.jpg', '/nmae'],
    ['?__proto__=x', '/__proto__'],
  ])('with %s is refused and pointed at %s', async (query, pointer) => {
    const { status, body } = await upload(PNG, { query });
    expect([status, body.errors]).toEqual([422, [{ pointer, detail: expect.any(String) }]]);
  });
});

describe('an object', () => {
  test('is there for its owner and the service role of the tenant; a stranger gets 404', async () => {
    const app_metadata = { tenant_id: 'acme' };
    const owner = await gateway.issuer.token({ app_metadata });
    const { body } = await upload(PNG, { as: owner });
    const path = `/v1/objects/${body.id}`;
    const status = async (as: string) => (await call(path, { as })).status;
    expect(await status(owner)).toBe(200);
    expect(await status(await gateway.issuer.token({ app_metadata, role: 'service_role' }))).toBe(200);
    expect(await status(await gateway.issuer.token({ app_metadata }))).toBe(404);
    expect(await status(await gateway.issuer.token())).toBe(404);
    const other = await gateway.issuer.token({ app_metadata: { tenant_id: 'other' }, role: 'service_role' });
    expect(await status(other)).toBe(404);
    expect((await fetch(gateway.url + path)).status).toBe(401);
  });

  test.each(['1', '..%2f..%2fetc%2fpasswd', 'x'.repeat(300), '%00', crypto.randomUUID()])(
    'is not found by the id %s',
    async (id) => {
      const { status, body } = await call(`/v1/objects/${id}`);
      expect([status, body.code]).toEqual([404, 'not_found']);
    },
  );

  test('lies under a key of its tenant, once however often it is uploaded', async () => {
    const bytes = randomBytes(64);
    const tenant = async (tenant_id: string) => gateway.issuer.token({ app_metadata: { tenant_id } });
    const before = await storedFiles();
    const ids = [
      await upload(bytes, { as: await tenant('one') }),
      await upload(bytes, { as: await tenant('one') }),
      await upload(bytes, { as: await tenant('two') }),
    ].map(({ body }) => body.id);
    expect(new Set(ids).size).toBe(3);
    const sha = createHash('sha256').update(bytes).digest('hex');
    const made = (await storedFiles()).filter((file) => !before.includes(file));
    expect(made).toEqual(['one', 'two'].map((name) => `objects/${name}/${sha.slice(0, 2)}/${sha}`));
  });

  test('needs the scope that the problem names', async () => {
    const as = await gateway.issuer.token({ app_metadata: { scopes: ['media:write'] } });
    const refused = [await upload(PNG, { as }), await call(`/v1/objects/${crypto.randomUUID()}`, { as })];
    expect(refused.map(({ status }) => status)).toEqual([403, 403]);
    expect(refused.map(({ body }) => body.detail)).toEqual([
      expect.stringContaining('objects:write'),
      expect.stringContaining('objects:read'),
    ]);
  });
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
