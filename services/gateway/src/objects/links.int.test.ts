import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, useGateway } from '../gateway.fixture.js';
import { signUrl } from '../http/signed-url.js';
import { SigningKeys } from '../http/signing-keys.js';

const KEY = `now:${'k'.repeat(32)}`;
const OLD_KEY = `before:${'o'.repeat(32)}`;
const gateway = useGateway({ SIGNING_KEYS: `${KEY},${OLD_KEY}`, OBJECT_MAX_MB: '2' });
const { call, upload, post } = gateway;

const GIF = Buffer.concat([Buffer.from('GIF89a'), randomBytes(100)]);
let id: string;

beforeAll(async () => {
  id = (await upload(GIF, { query: '?name=photo.gif' })).body.id;
});

const linkTo = async (object: string, body: object = {}) => (await post(`/v1/objects/${object}/links`, body)).body.url;

/** A request without a token. */
async function open(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(gateway.url + url, init);
  const bytes = Buffer.from(await response.arrayBuffer());
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, bytes, body: isJson && JSON.parse(bytes.toString()) };
}

const REFUSAL = {
  status: 403,
  body: { code: 'forbidden', detail: expect.stringContaining('not valid, or it has expired') },
};

describe('a link to an object', () => {
  test('serves the bytes without a token until it expires, an hour by default', async () => {
    const { status, body } = await post(`/v1/objects/${id}/links`, '', {});
    expect([status, body.code]).toEqual([400, 'malformed_body']);
    const link = await call(`/v1/objects/${id}/links`, { method: 'POST' });
    expect(link.status).toBe(201);
    expect(Date.parse(link.body.expiresAt) - Date.now()).toBeGreaterThan(3_590_000);
    expect(Date.parse(link.body.expiresAt) - Date.now()).toBeLessThanOrEqual(3_600_000);
    const { bytes, headers } = await open(link.body.url);
    expect(bytes).toEqual(GIF);
    expect(headers.get('content-type')).toBe('image/gif');
    expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
    expect(Number(/max-age=(\d+)/.exec(headers.get('cache-control')!)![1])).toBeLessThanOrEqual(3_600);
  });

  test('answers HEAD, ranges and validators like a download with a token', async () => {
    const url = await linkTo(id);
    const head = await open(url, { method: 'HEAD' });
    expect([head.status, head.bytes.length, head.headers.get('content-length')]).toEqual([200, 0, String(GIF.length)]);
    const range = await open(url, { headers: { range: 'bytes=1-3' } });
    expect([range.status, range.bytes.toString()]).toEqual([206, 'IF8']);
    const etag = head.headers.get('etag')!;
    expect((await open(url, { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await open(url, { headers: { range: 'bytes=999-' } })).status).toBe(416);
  });

  test('says whether a browser shows or saves the file, but never shows what could run scripts', async () => {
    const kind = async (object: string, disposition: string) =>
      (await open(await linkTo(object, { disposition }))).headers.get('content-disposition')!.split(';')[0];
    expect([await kind(id, 'inline'), await kind(id, 'attachment')]).toEqual(['inline', 'attachment']);
    const svg = (await upload(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))).body.id;
    expect(await kind(svg, 'inline')).toBe('attachment');
  });

  test('with anything changed is refused like any other that is not valid', async () => {
    const other = (await upload(Buffer.from('other'))).body.id;
    const url = new URL(await linkTo(id, { disposition: 'attachment' }), gateway.url);
    const changed = (change: (copy: URL) => void) => {
      const copy = new URL(url);
      change(copy);
      return copy.pathname + copy.search;
    };
    const set = (name: string, value: string) => changed(({ searchParams }) => searchParams.set(name, value));
    const forged = [
      set('expires', String(Number(url.searchParams.get('expires')) + 1)),
      set('disposition', 'inline'),
      changed(({ searchParams }) => searchParams.delete('disposition')),
      set('tenant', 'AAAAAAAAAAAAAAAA'),
      set('key', 'before'),
      set('key', 'unknown'),
      set('signature', ''),
      set('signature', `${url.searchParams.get('signature')!.slice(0, -3)}AAA`),
      set('more', 'x'),
      changed(({ searchParams }) => searchParams.append('expires', '9999999999')),
      changed(({ searchParams }) => searchParams.append('signature', searchParams.get('signature')!)),
      changed((copy) => {
        copy.search = '';
      }),
      changed((copy) => {
        copy.pathname = copy.pathname.replace(id, other);
      }),
      changed((copy) => {
        copy.pathname = '/v1/links/nonsense';
      }),
      changed((copy) => {
        copy.pathname = `/v1/links/${id.toUpperCase()}`;
      }),
    ];
    for (const path of forged) expect(await open(path), path).toMatchObject(REFUSAL);
    expect((await open(url.pathname + url.search)).status).toBe(200);
  });

  test('is good until its second, and refused from then on', async () => {
    const until = (seconds: number) => {
      const { searchParams } = new URL(genuine, gateway.url);
      const tenant = searchParams.get('tenant')!;
      return signUrl(new SigningKeys([KEY]), `/v1/links/${id}`, { tenant }, new Date(Date.now() + seconds * 1_000));
    };
    const genuine = await linkTo(id);
    expect((await open(until(60))).status).toBe(200);
    expect(await open(until(-1))).toMatchObject(REFUSAL);
  });

  test('signed by a key that is on its way out is still good, by one that is gone it is not', async () => {
    const tenant = new URL(await linkTo(id), gateway.url).searchParams.get('tenant')!;
    const by = (key: string) =>
      signUrl(new SigningKeys([key]), `/v1/links/${id}`, { tenant }, new Date(Date.now() + 60_000));
    expect((await open(by(OLD_KEY))).status).toBe(200);
    expect(await open(by(`gone:${'g'.repeat(32)}`))).toMatchObject(REFUSAL);
  });

  test('leads nowhere once its object is deleted or has expired, and expires no later than that', async () => {
    const bytes = Buffer.from('short-lived');
    const deleted = (await upload(bytes)).body.id;
    const url = await linkTo(deleted);
    await call(`/v1/objects/${deleted}`, { method: 'DELETE' });
    expect(await open(url)).toMatchObject(REFUSAL);
    const ending = (await upload(bytes, { query: '?expiresIn=60' })).body;
    const link = await post(`/v1/objects/${ending.id}/links`, { expiresIn: 3_600 });
    expect(link.body.expiresAt).toBe(ending.expiresAt);
  });

  test('is made only by who may read the object', async () => {
    const as = await gateway.issuer.token();
    expect((await post(`/v1/objects/${id}/links`, {}, {}, as)).status).toBe(404);
    expect((await post('/v1/objects/1/links', {})).status).toBe(404);
    const writer = await gateway.issuer.token({ app_metadata: { scopes: ['objects:write'] } });
    expect((await post(`/v1/objects/${id}/links`, {}, {}, writer)).status).toBe(403);
    expect((await open(`/v1/objects/${id}/links`, { method: 'POST' })).status).toBe(401);
  });

  test.each([
    [{ expiresIn: 0 }, '/expiresIn'],
    [{ expiresIn: 604_801 }, '/expiresIn'],
    [{ expiresIn: '60' }, '/expiresIn'],
    [{ disposition: 'show' }, '/disposition'],
    [{ until: 5 }, '/until'],
  ])('asked for with %j is refused', async (body, pointer) => {
    const answer = await post(`/v1/objects/${id}/links`, body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([422, pointer]);
  });
});

describe('a link for an upload', () => {
  const linkFor = async (body: object = {}) => (await post('/v1/uploads/links', body)).body;
  const put = (url: string, body: RequestInit['body']) => open(url, { method: 'PUT', body });

  test('takes one file without a token, and the object belongs to who made the link', async () => {
    const { id: promised, url, method } = await linkFor({ name: 'from a guest.gif', type: 'image/' });
    const { status, headers, body } = await put(url, GIF);
    expect([status, headers.get('location'), method]).toEqual([201, `/v1/objects/${promised}`, 'PUT']);
    expect(body).toMatchObject({ id: promised, name: 'from a guest.gif', type: 'image/gif', size: GIF.length });
    expect((await call(`/v1/objects/${promised}`)).bytes).toEqual(GIF);
    expect((await call(`/v1/objects/${promised}`, { as: await gateway.issuer.token() })).status).toBe(404);
  });

  test('is used up by an upload, also when the object has been deleted since', async () => {
    const { id: promised, url } = await linkFor();
    expect((await put(url, 'first')).status).toBe(201);
    expect((await put(url, 'second')).body.code).toBe('conflict');
    await call(`/v1/objects/${promised}`, { method: 'DELETE' });
    expect((await put(url, 'third')).status).toBe(409);
    expect((await call(`/v1/objects/${promised}`)).status).toBe(404);
  });

  test('lets one of several uploads at once through', async () => {
    const { url } = await linkFor();
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((text) => put(url, text)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  test('refuses what was not agreed on, and is still good then', async () => {
    const { url } = await linkFor({ maxBytes: 1_000, type: 'image/' });
    expect((await put(url, 'only text')).body.code).toBe('unsupported_media_type');
    const long = await put(url, Buffer.concat([GIF, randomBytes(1_000)]));
    expect([long.status, long.body.detail]).toEqual([413, expect.stringContaining('1000 bytes')]);
    const stream = new Blob([GIF, randomBytes(1_000)]).stream();
    const chunked = await open(url, { method: 'PUT', body: stream, duplex: 'half' } as RequestInit);
    expect(chunked.status).toBe(413);
    expect((await put(url, '')).status).toBe(422);
    expect((await put(url, GIF)).status).toBe(201);
  });

  test('never takes more than the gateway does', async () => {
    const { url } = await linkFor({ maxBytes: 50_000_000 });
    expect((await put(url, Buffer.alloc(2_000_001))).status).toBe(413);
  });

  test('that is forged, expired or made for a download is refused', async () => {
    const { id: promised, url } = await linkFor();
    const { pathname, search } = new URL(await linkTo(id), gateway.url);
    const expired = signUrl(new SigningKeys([KEY]), `/v1/uploads/links/${promised}`, {}, new Date(Date.now() - 1_000));
    const bad = [url.replace(/expires=\d+/, 'expires=9999999999'), expired, `/v1/uploads/links/${promised}`];
    for (const path of [...bad, `${pathname.replace('links', 'uploads/links')}${search}`])
      expect(await put(path, GIF)).toMatchObject(REFUSAL);
    expect((await put(url, GIF)).status).toBe(201);
  });

  test('is made only by who may upload', async () => {
    const as = await gateway.issuer.token({ app_metadata: { scopes: ['objects:read'] } });
    expect((await post('/v1/uploads/links', {}, {}, as)).status).toBe(403);
    expect((await open('/v1/uploads/links', { method: 'POST' })).status).toBe(401);
  });
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
