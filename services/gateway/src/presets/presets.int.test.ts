import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Json, useGateway } from '../gateway.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'tandem-presets-'));
writeFileSync(
  join(folder, 'presets.json'),
  JSON.stringify({ banner: [{ width: 800 }, { width: 900 }], thumb: { width: 64 } }),
);
afterAll(() => rm(folder, { recursive: true, force: true }));

const gateway = useGateway({ PRESETS_FILE: join(folder, 'presets.json') });
const { call, post } = gateway;
const app_metadata = { tenant_id: 'acme' };
// A gateway that sees a GIF's head takes it for one.
const GIF = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

let user: string;
let service: string;
beforeAll(async () => {
  user = await gateway.issuer.token({ app_metadata });
  service = await gateway.issuer.token({ app_metadata, role: 'service_role' });
});

const put = (name: string, options: object, as = service, headers: Record<string, string> = {}): Promise<Answer> =>
  call(`/v1/presets/${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(options),
    as,
  });
const get = (name: string, as = user): Promise<Answer> => call(`/v1/presets/${name}`, { as });
const remove = (name: string, as = service): Promise<Answer> => call(`/v1/presets/${name}`, { method: 'DELETE', as });

async function upload(as = user): Promise<string> {
  return (await gateway.upload(GIF, { as })).body.id;
}

const transform = (body: object, headers: Record<string, string> = {}, as = user): Promise<Answer> =>
  post('/v1/media/transform', body, headers, as);

/** The newest command as the broker holds it: what the job does. */
async function published(jobId: string): Promise<Json> {
  const manager = await jetstreamManager(gateway.connection.nc);
  const message = await manager.streams.getMessage('COMMANDS', { last_by_subj: 'cmd.media.transform.normal' });
  const envelope = message!.json<Json>();
  expect(envelope.subject).toBe(jobId);
  return envelope;
}

describe('presets', () => {
  test('get a new version with every change, and none without one', async () => {
    const first = await put('card', { width: 320, fit: 'cover' });
    expect(first).toMatchObject({ status: 201, body: { name: 'card', version: 1, source: 'tenant' } });
    expect(first.headers.get('etag')).toBe('"card@1"');
    expect(await put('card', { fit: 'cover', width: 320 })).toMatchObject({ status: 200, body: { version: 1 } });
    expect(await put('card', { width: 640 })).toMatchObject({ status: 201, body: { version: 2 } });
    expect((await get('card')).body).toMatchObject({ version: 2, options: { width: 640 } });
    expect((await get('card@1')).body).toMatchObject({ version: 1, options: { width: 320, fit: 'cover' } });
    expect((await get('card@3')).status).toBe(404);
  });

  test('take If-Match, so that nobody overwrites what they have not seen', async () => {
    expect((await put('match', {}, service, { 'if-match': '"match@1"' })).status).toBe(412);
    await put('match', { width: 1 });
    expect((await put('match', { width: 2 }, service, { 'if-match': '"match@1"' })).status).toBe(201);
    const late = await put('match', { width: 3 }, service, { 'if-match': '"match@1"' });
    expect(late).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
    expect(late.body.detail).toContain('match@2');
  });

  test('written at the same time get numbers of their own', async () => {
    const widths = [1, 2, 3, 4, 5, 6];
    const answers = await Promise.all(widths.map((width) => put('race', { width })));
    expect(answers.map(({ body }) => body.version).sort()).toEqual(widths);
  });

  test('do not give a number again after they were deleted', async () => {
    await put('gone', { width: 1 });
    expect((await remove('gone')).status).toBe(204);
    expect((await get('gone')).status).toBe(404);
    expect((await get('gone@1')).status).toBe(404);
    expect((await remove('gone')).status).toBe(404);
    expect((await put('gone', { width: 1 })).body.version).toBe(2);
    expect((await get('gone@1')).status).toBe(404);
  });

  test('are refused with the field at fault', async () => {
    expect((await put('bad', { format: 'png', quality: 80 })).body).toMatchObject({
      code: 'invalid_input',
      errors: [{ pointer: '/quality' }],
    });
    for (const name of ['Card', 'card@2', 'a'.repeat(65)]) expect((await put(name, {})).status).toBe(422);
    const foreign = await put('logo', { watermark: { image: { object: await upload(gateway.token) } } });
    expect(foreign).toMatchObject({ status: 404, body: { errors: [{ pointer: '/watermark/image/object' }] } });
  });

  test('are read by everybody of the tenant, and written by service roles and by tokens that name the scope', async () => {
    const named = await gateway.issuer.token({ app_metadata: { ...app_metadata, scopes: ['presets:manage'] } });
    const other = await gateway.issuer.token({ app_metadata: { ...app_metadata, scopes: ['media:write'] } });
    const narrowed = await gateway.issuer.token({
      app_metadata: { ...app_metadata, scopes: ['media:write'] },
      role: 'service_role',
    });
    expect((await put('roles', { width: 1 }, named)).status).toBe(201);
    for (const as of [user, other, narrowed]) {
      expect((await put('roles', { width: 2 }, as)).status).toBe(403);
      expect((await remove('roles', as)).status).toBe(403);
    }
    expect((await get('roles', other)).status).toBe(200);
    expect((await get('roles', gateway.token)).status).toBe(404);
  });
});

describe('presets of the file', () => {
  test('serve every tenant, in all their versions, and cannot be deleted', async () => {
    expect((await get('banner', gateway.token)).body).toMatchObject({ version: 2, source: 'file' });
    expect((await get('banner@1')).body.options).toEqual({ width: 800 });
    expect((await remove('banner')).status).toBe(409);
  });

  test('stand behind those of a tenant, version for version', async () => {
    await put('thumb', { width: 65 });
    expect((await get('thumb')).body).toMatchObject({ source: 'tenant', options: { width: 65 } });
    const { body } = await call('/v1/presets', { as: user });
    expect(body.presets.map(({ name }: Json) => name)).toEqual([...body.presets.map(({ name }: Json) => name)].sort());
    expect(body.presets.find(({ name }: Json) => name === 'thumb')).toMatchObject({ source: 'tenant' });
    expect(body.presets.find(({ name }: Json) => name === 'banner')).toMatchObject({ source: 'file', version: 2 });
    expect((await get('thumb', gateway.token)).body.source).toBe('file');
    await remove('thumb');
    expect((await get('thumb')).body.source).toBe('file');
  });
});

describe('a job that names a preset', () => {
  test('does what the newest version said when it was admitted', async () => {
    await put('job', { width: 100, height: 100, fit: 'cover' });
    const source = { object: await upload() };
    const { body, status } = await transform({ source, renditions: [{ name: 'a', preset: 'job', width: 50 }] });
    expect(status).toBe(202);
    await put('job', { width: 7 });
    expect((await published(body.id)).data.renditions).toEqual([
      { name: 'a', preset: 'job@1', width: 50, height: 100, fit: 'cover' },
    ]);
    const pinned = await transform({ source, renditions: [{ name: 'a', preset: 'job@1' }] });
    expect((await published(pinned.body.id)).data.renditions[0]).toMatchObject({ preset: 'job@1', width: 100 });
  });

  test('that does not exist is refused with those that do', async () => {
    await put('there', { width: 1 });
    const { status, body } = await transform({
      source: { object: await upload() },
      renditions: [
        { name: 'ok', preset: 'there' },
        { name: 'a', preset: 'nope' },
        { name: 'b', preset: 'there@9' },
      ],
    });
    expect(status).toBe(422);
    expect(body.errors.map(({ pointer }: Json) => pointer)).toEqual(['/renditions/1/preset', '/renditions/2/preset']);
    expect(body.errors[0].detail).toMatch(/no preset nope; the newest are .*banner@2.*there@1/);
  });

  test('is refused when a field beside the preset contradicts it, naming both', async () => {
    await put('fine', { quality: 90 });
    const { status, body } = await transform({
      source: { object: await upload() },
      renditions: [{ name: 'a', preset: 'fine', format: 'png' }],
    });
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      {
        pointer: '/renditions/0/quality',
        detail: expect.stringContaining('with the preset fine@1: png has no quality'),
      },
    ]);
  });

  test('stays the same request when the preset changes', async () => {
    await put('same', { width: 10 });
    const wish = { source: { object: await upload() }, renditions: [{ name: 'a', preset: 'same' }] };
    const key = { 'idempotency-key': crypto.randomUUID() };
    const first = await transform(wish, key);
    await put('same', { width: 20 });
    const again = await transform(wish, key);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await transform({ ...wish, placeholders: false }, key)).body.code).toBe('idempotency_mismatch');
  });

  test('may use the watermark of the preset, but not name that object itself', async () => {
    const logo = await upload(service);
    await put('marked', { watermark: { image: { object: logo } } });
    const source = { object: await upload() };
    const { status, body } = await transform({ source, renditions: [{ name: 'a', preset: 'marked' }] });
    expect(status).toBe(202);
    expect((await published(body.id)).objects[logo]).toMatchObject({ id: logo, type: 'image/gif' });
    const direct = await transform({ source, renditions: [{ name: 'a', watermark: { image: { object: logo } } }] });
    expect(direct.status).toBe(404);
  });

  test('may stand in a batch, whose faults name the entry', async () => {
    await put('many', { width: 10 });
    const object = await upload();
    const entry = (preset: string) => ({
      command: 'media.transform',
      input: { source: { object }, renditions: [{ name: 'a', preset }] },
    });
    const good = await post('/v1/batches', { jobs: [entry('many'), entry('banner')] }, {}, user);
    expect(good.status).toBe(202);
    const bad = await post('/v1/batches', { jobs: [entry('many'), entry('nope')] }, {}, user);
    expect(bad).toMatchObject({ status: 422, body: { errors: [{ pointer: '/1/input/renditions/0/preset' }] } });
  });
});
