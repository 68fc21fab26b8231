import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { secretOf } from '../callbacks/receiver.fixture.js';
import { type Answer, useGateway } from '../gateway.fixture.js';

const gateway = useGateway({ CALLBACK_SECRETS: secretOf('a') });
const { call } = gateway;

const PHOTO = readFileSync(join(import.meta.dirname, '../../../../examples/photos/coffee.png'));
const RENDITIONS = JSON.stringify([{ name: 'thumb', width: 200, format: 'avif' }]);

type Fields = Record<string, string | Blob>;
interface Extra {
  headers?: Record<string, string>;
  as?: string;
  path?: string;
}

/** Sends a form whose parts stand in the order of `fields`. */
function send(fields: Fields, { headers, as, path = '/v1/media/upload' }: Extra = {}): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, 'holiday.png');
  return call(path, { method: 'POST', body: form, headers, as });
}

const file = new Blob([new Uint8Array(PHOTO)]);
/** How many objects the register has. */
async function objects(): Promise<number> {
  return (await database.query('SELECT count(*)::int AS n FROM gateway.objects')).rows[0].n;
}

let database: pg.Client;
beforeAll(async () => {
  database = new pg.Client(gateway.postgres.url);
  await database.connect();
});
afterAll(() => database.end());

const nothingKept = async () => expect(await gateway.storedFiles()).toEqual(filesBefore);
let filesBefore: string[] = [];

describe.each(['/v1/media/upload', '/media/upload'])('POST %s', (path) => {
  test('takes an image in and accepts the job that works on it', async () => {
    const { status, headers, body } = await send({ file, renditions: RENDITIONS }, { path });
    expect(status).toBe(202);
    expect(body.object).toMatchObject({ type: 'image/png', size: PHOTO.length, name: 'holiday.png' });
    expect(body.job).toMatchObject({ command: 'media.transform', status: 'accepted' });
    expect(headers.get('location')).toBe(`/v1/jobs/${body.job.id}`);
    expect((await call(`/v1/objects/${body.object.id}`)).bytes).toEqual(PHOTO);
    expect((await call(`/v1/jobs/${body.job.id}`)).status).toBe(200);
  });
});

describe('the fields of a media upload', () => {
  test('may stand before and after the file', async () => {
    for (const fields of [
      { name: 'mine.png', renditions: RENDITIONS, file },
      { file, renditions: RENDITIONS, name: 'mine.png' },
    ]) {
      const { status, body } = await send(fields);
      expect([status, body.object.name]).toEqual([202, 'mine.png']);
      expect((await call(`/v1/objects/${body.object.id}`)).headers.get('content-disposition')).toContain('mine.png');
    }
  });

  test('may have 20 renditions with all that they can ask for', async () => {
    const renditions = Array.from({ length: 20 }, (_, n) => ({
      name: `rendition-with-a-rather-long-name-${n}`,
      width: 1000 + n,
      height: 900 + n,
      fit: 'cover',
      format: 'webp',
      quality: 80,
      background: '#ffeedd',
      blur: 3,
      sharpen: 2,
    }));
    const { status } = await send({ file, renditions: JSON.stringify(renditions, null, 8) });
    expect(status).toBe(202);
  });

  test('may ask for a callback, which the job then has', async () => {
    const { body } = await send({ file, renditions: RENDITIONS, callback: 'https://app.example/hook' });
    expect(body.job.callback).toEqual({ url: 'https://app.example/hook', status: 'pending', attempts: 0 });
  });

  test.each<[string, Fields, string]>([
    ['no renditions', { file }, '/renditions'],
    ['renditions that are no JSON', { file, renditions: '[{]' }, '/renditions'],
    ['a rendition that is none', { file, renditions: '[{"name":"a","width":0}]' }, '/renditions/0/width'],
    ['renditions and presets', { file, renditions: RENDITIONS, presets: 'card' }, '/presets'],
    ['a preset that does not exist', { file, presets: 'card, thumb' }, '/renditions/0/preset'],
    ['a store that is none', { file, renditions: RENDITIONS, store: '{"s3":{}}' }, '/store/supabase'],
    ['a callback that is no URL', { file, renditions: RENDITIONS, callback: 'hook' }, '/callback'],
    ['a callback to a private address', { file, renditions: RENDITIONS, callback: 'http://10.0.0.1/' }, '/callback'],
    ['a field that does not exist', { file, renditions: RENDITIONS, size: '3' }, '/size'],
  ])('are refused by name with %s, and the file is not kept', async (_what, fields, pointer) => {
    filesBefore = await gateway.storedFiles();
    const other = new Blob([`${_what}: bytes of its own`]);
    const { status, body } = await send({ ...fields, file: other });
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
    await nothingKept();
  });
});

describe('a media upload is refused', () => {
  test('for a file that is no image, of which no object remains', async () => {
    const before = await objects();
    const { status, body } = await send({ file: new Blob(['just text']), renditions: RENDITIONS });
    expect([status, body.code, body.errors[0].pointer]).toEqual([415, 'unsupported_media_type', '/source/object']);
    expect(body.detail).toContain('text');
    expect(await objects()).toBe(before);
  });

  test('without a file, with two, and when it is no form', async () => {
    expect((await send({ renditions: RENDITIONS })).body.detail).toContain('no file');
    expect((await send({ file, second: file, renditions: RENDITIONS })).body.detail).toContain('several files');
    const raw = await call('/v1/media/upload', { method: 'POST', body: new Uint8Array(PHOTO) });
    expect([raw.status, raw.body.code]).toEqual([415, 'unsupported_media_type']);
  });

  test('for a file that is too large', async () => {
    const { status } = await send({ file: new Blob([new Uint8Array(2_000_001)]), renditions: RENDITIONS });
    expect(status).toBe(413);
  });

  test.each([['objects:write'], ['media:write']])('without the scope %s', async (missing) => {
    const scopes = ['objects:write', 'media:write'].filter((scope) => scope !== missing);
    const as = await gateway.issuer.token({ app_metadata: { scopes } });
    const { status, body } = await send({ file, renditions: RENDITIONS }, { as });
    expect(status).toBe(403);
    expect(body.detail).toContain(missing);
  });
});

describe('a media upload that is repeated with its idempotency key', () => {
  test('answers with the job and the object of the first', async () => {
    const headers = { 'idempotency-key': 'holiday-1' };
    const first = await send({ file, renditions: RENDITIONS }, { headers });
    const again = await send({ renditions: RENDITIONS, file }, { headers });
    expect(again.status).toBe(202);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([again.body.object.id, again.body.job.id]).toEqual([first.body.object.id, first.body.job.id]);
  });

  test('makes one job of many at once', async () => {
    const headers = { 'idempotency-key': 'holiday-2' };
    const before = await objects();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => send({ file, renditions: RENDITIONS }, { headers })),
    );
    expect(new Set(answers.map(({ body }) => body.job.id)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.object.id)).size).toBe(1);
    expect(await objects()).toBe(before + 1);
  });

  test('is refused with another file, and with other renditions', async () => {
    const headers = { 'idempotency-key': 'holiday-3' };
    await send({ file, renditions: RENDITIONS }, { headers });
    const other = new Blob([new Uint8Array([...PHOTO, 0])]);
    const renditions = RENDITIONS.replace('200', '201');
    for (const fields of [
      { file: other, renditions: RENDITIONS },
      { file, renditions },
    ]) {
      const { status, body } = await send(fields, { headers });
      expect([status, body.code]).toEqual([422, 'idempotency_mismatch']);
    }
  });
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
