import { describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';
import { QUOTE, useTemplates } from './templates.fixture.js';

const gateway = useGateway();
const { tokens, put, get, list, remove } = useTemplates(gateway);

describe('templates', () => {
  test('get a new version with every change, and none without one', async () => {
    const first = await put('quote', QUOTE);
    expect(first).toMatchObject({
      status: 201,
      body: { name: 'quote', version: 1, reference: 'quote@1', source: 'tenant' },
    });
    expect(first.headers.get('location')).toBe('/v1/templates/quote@1');
    expect(first.headers.get('etag')).toBe('"quote@1"');
    const { schema, ...rest } = QUOTE;
    expect(await put('quote', { schema, ...rest })).toMatchObject({ status: 200, body: { version: 1 } });
    expect(await put('quote', { ...QUOTE, css: 'p { color: red }' })).toMatchObject({
      status: 201,
      body: { version: 2 },
    });
    expect((await get('quote')).body).toMatchObject({ version: 2, schema: QUOTE.schema, sample: QUOTE.sample });
    expect((await get('quote@1')).body).toMatchObject({ version: 1, sha256: first.body.sha256 });
    expect((await get('quote@3')).status).toBe(404);
    expect((await get('nope')).body.detail).toContain('GET /v1/templates');
  });

  test('are shown whole on demand, and not again to who has them', async () => {
    await put('whole', QUOTE);
    expect((await get('whole')).body.bundle).toBeUndefined();
    const { body, headers } = await get('whole?bundle=true');
    expect(body.bundle).toEqual({ ...QUOTE, locales: {}, assets: {}, pdf: {} });
    const again = await get('whole?bundle=true', tokens.user, { 'if-none-match': headers.get('etag')! });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);
    expect((await list()).find(({ name }: Json) => name === 'whole')).toEqual({
      name: 'whole',
      version: 1,
      reference: 'whole@1',
      source: 'tenant',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      size: expect.any(Number),
      createdAt: expect.any(String),
    });
  });

  test('take If-Match, so that nobody overwrites what they have not seen', async () => {
    expect((await put('match', QUOTE, { 'if-match': '"match@1"' })).status).toBe(412);
    await put('match', QUOTE);
    expect((await put('match', { ...QUOTE, css: 'a{}' }, { 'if-match': '"match@1"' })).status).toBe(201);
    const late = await put('match', QUOTE, { 'if-match': '"match@1"' });
    expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
    expect(late.body.detail).toContain('match@2');
  });

  test('written at the same time get numbers of their own', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map((n) => put('race', { ...QUOTE, html: String(n) })));
    expect(answers.map(({ body }) => body.version).sort()).toEqual([1, 2, 3, 4]);
  });

  test('do not give a number again after they were deleted', async () => {
    await put('gone', QUOTE);
    expect((await remove('gone')).status).toBe(204);
    expect((await get('gone')).status).toBe(404);
    expect((await get('gone@1')).status).toBe(404);
    expect((await remove('gone')).status).toBe(404);
    expect((await put('gone', QUOTE)).body.version).toBe(2);
    expect((await get('gone@1')).status).toBe(404);
  });

  test('are refused with every field at fault, their Liquid with line and column', async () => {
    const { status, body } = await put('bad', {
      html: '<p>\n  {{ data.total | mony }}\n{% render "none" %}',
      footer: '{% for x in y %}',
      schema: { properties: { a: { type: 'text' } }, $ref: 'http://127.0.0.1/' },
    });
    expect(status).toBe(422);
    expect(Object.fromEntries(body.errors.map(({ pointer, detail }: Json) => [pointer, detail]))).toEqual({
      '/html': 'line 2, column 3: undefined filter: mony',
      '/footer': expect.stringMatching(/^line 1, column 1: .*not closed/),
      '/schema/$ref': expect.stringContaining('nothing is fetched'),
    });
    expect((await put('bad', { html: '{% render "none" %}' })).body.errors).toEqual([
      { pointer: '/html', detail: 'line 1, column 1: there is no partial none; the template has none' },
    ]);
    expect((await put('bad', { ...QUOTE, sample: { number: 7, lines: [] } })).body.errors).toEqual([
      { pointer: '/sample/number', detail: 'must be a text, not a number' },
    ]);
    expect((await put('bad', { ...QUOTE, Html: 'x', pdf: { margins: '9' } })).body.errors.length).toBe(2);
    for (const name of ['Quote', 'quote@2', 'a'.repeat(65)]) expect((await put(name, QUOTE)).status).toBe(422);
  });

  test('may have megabytes of assets, up to their limit', async () => {
    const base64 = Buffer.alloc(1_500_000).toString('base64');
    const assets = { 'assets/a.png': { type: 'image/png', base64 }, 'assets/b.png': { type: 'image/png', base64 } };
    expect((await put('large', { ...QUOTE, assets })).status).toBe(201);
    expect((await get('large?bundle=true')).body.bundle.assets['assets/b.png'].base64.length).toBe(base64.length);
    const more = { ...assets, 'assets/c.png': { type: 'image/png', base64 } };
    expect(await put('large', { ...QUOTE, assets: more })).toMatchObject({ status: 413 });
  });

  test('nested as deep as a stack are refused, not failed on', async () => {
    const deep = `{"html":"x","sample":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const { status, body } = await gateway.call('/v1/templates/deep', {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: deep,
      as: tokens.service,
    });
    expect([status, body.code]).toEqual([422, 'invalid_input']);
    expect(gateway.failures).toEqual([]);
  });

  test('are read by everybody of the tenant, and written by service roles and by tokens that name the scope', async () => {
    const app_metadata = { tenant_id: 'acme' };
    const token = (scopes: string[], more = {}) =>
      gateway.issuer.token({ app_metadata: { ...app_metadata, scopes }, ...more });
    expect((await put('roles', QUOTE, {}, await token(['templates:manage']))).status).toBe(201);
    const other = await token(['documents:write']);
    for (const as of [tokens.user, other, await token(['documents:write'], { role: 'service_role' })]) {
      expect((await put('roles', { html: 'x' }, {}, as)).status).toBe(403);
      expect((await remove('roles', as)).status).toBe(403);
    }
    expect((await get('roles', other)).status).toBe(200);
    expect((await get('roles', gateway.token)).status).toBe(404);
    expect(await list(gateway.token)).toEqual([]);
  });
});
