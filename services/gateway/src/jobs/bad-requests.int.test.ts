import { beforeAll, describe, expect, test } from 'vitest';
import { type Answer, useGateway } from '../gateway.fixture.js';

const gateway = useGateway();
const { call, post, upload } = gateway;

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const thumb = { name: 'thumb', width: 100 };
let image: string;
let note: string;
let foreign: string;

beforeAll(async () => {
  image = (await upload(PNG)).body.id;
  note = (await upload(Buffer.from('a text that is called photo.jpg'), { query: '?name=photo.jpg' })).body.id;
  foreign = (await upload(PNG, { as: await gateway.issuer.token() })).body.id;
});

function transform(object: string, renditions: unknown[] = [thumb], extra: object = {}): Promise<Answer> {
  return post('/v1/media/transform', { source: { object }, renditions, ...extra });
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.body).toMatchObject({ type: `urn:tandem:problem:${code}`, status, title: expect.any(String) });
  expect(answer.body.traceId).toMatch(/^[0-9a-f]{32}$/);
}

describe('a transformation is refused', () => {
  test('of a text, with its true type and what is taken', async () => {
    const answer = await transform(note);
    expectProblem(answer, 415, 'unsupported_media_type');
    expect(answer.body.errors).toEqual([
      { pointer: '/source/object', detail: expect.stringMatching(/text\/plain.*takes image\/\*/) },
    ]);
    expect(answer.body.detail).toContain('/source/object');
  });

  test.each([
    ['that does not exist', () => crypto.randomUUID()],
    ['of a stranger', () => foreign],
  ])('of an object %s, and says how to get one', async (_whose, object) => {
    const answer = await transform(object());
    expectProblem(answer, 404, 'not_found');
    expect(answer.body.errors).toEqual([{ pointer: '/source/object', detail: expect.stringContaining('not yours') }]);
    expect(answer.body.detail).toContain('POST /v1/objects');
  });

  test.each<[string, object, string, RegExp]>([
    ['zero renditions', { renditions: [] }, '/renditions', /1/],
    ['a width of -1', { renditions: [{ name: 'a', width: -1 }] }, '/renditions/0/width', />=1/],
    ['half a pixel', { renditions: [{ name: 'a', width: 1.5 }] }, '/renditions/0/width', /int/],
    ['a width as text', { renditions: [{ name: 'a', width: '100' }] }, '/renditions/0/width', /number/],
    ['a huge height', { renditions: [thumb, { name: 'a', height: 1e9 }] }, '/renditions/1/height', /16384/],
    ['21 renditions', { renditions: Array.from({ length: 21 }, (_, i) => ({ name: `r${i}` })) }, '/renditions', /20/],
    ['a name used twice', { renditions: [thumb, thumb] }, '/renditions', /name of its own/],
    ['a name with a path', { renditions: [{ name: '../a' }] }, '/renditions/0/name', /lower-case letters/],
    ['a misspelt field', { renditions: [{ name: 'a', widht: 1 }] }, '/renditions/0/widht', /correct its name/],
    ['an unknown field', { callback: 'http://127.0.0.1/' }, '/callback', /remove it/],
    ['a quality of PNG', { renditions: [{ name: 'a', format: 'png', quality: 3 }] }, '/renditions/0/quality', /leave/],
    ['a format that is none', { renditions: [{ name: 'a', format: 'bmp' }] }, '/renditions/0/format', /"webp"/],
    ['an id that is none', { source: { object: '../../x' } }, '/source/object', /UUID/],
    ['a source that is missing', { source: undefined }, '/source', /^is missing$/],
  ])('for %s', async (_what, change, pointer, hint) => {
    const answer = await transform(image, [thumb], change);
    expectProblem(answer, 422, 'invalid_input');
    expect(answer.body.errors).toEqual([{ pointer, detail: expect.stringMatching(hint) }]);
    expect(answer.body.detail).toBe(`The body is not valid: ${pointer}: ${answer.body.errors[0].detail}`);
  });

  test.each<[string, string, Record<string, string>, number, string, RegExp]>([
    ['a body that is not JSON', '{"source":', {}, 400, 'malformed_body', /brackets/],
    ['two bodies in one', '{}{}', {}, 400, 'malformed_body', /JSON/],
    ['an array', '[]', {}, 422, 'invalid_input', /object/],
    ['a string', '"x"', {}, 422, 'invalid_input', /object/],
    ['null', 'null', {}, 422, 'invalid_input', /object/],
    ['text', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type', /application\/json/],
    [
      'a content type that is none',
      '{}',
      { 'content-type': 'json' },
      415,
      'unsupported_media_type',
      /application\/json/,
    ],
    [
      'a form that has none of what it may have',
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
      422,
      'invalid_input',
      /unknown field/,
    ],
  ])('for %s', async (_what, body, headers, status, code, hint) => {
    const answer = await post('/v1/media/transform', body, headers);
    expectProblem(answer, status, code);
    expect(answer.body.detail).toMatch(hint);
  });

  test('without any body', async () => {
    expectProblem(await call('/v1/media/transform', { method: 'POST' }), 422, 'invalid_input');
  });

  test('for a chunked body that never ends, as soon as it is too long', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const request = { method: 'POST', body: endless, duplex: 'half' as const };
    const answer = await call('/v1/media/transform', { ...request, headers: { 'content-type': 'application/json' } });
    expectProblem(answer, 413, 'payload_too_large');
    expect(answer.body.detail).toContain('POST /v1/objects');
    expect(sent).toBeLessThan(20_000_000);
  });
});

test('a transformation takes ids in capitals and JSON of any nesting and spelling', async () => {
  expect((await transform(image.toUpperCase())).status).toBe(202);
  const suffixed = { 'content-type': 'application/vnd.api+json; charset=utf-8' };
  const body = `\ufeff{"source": {"object": "${image}"}, "renditions": [{"name": "\\u0061"}]}`;
  expect((await post('/v1/media/transform', body, suffixed)).status).toBe(202);
});

test('text of half a surrogate pair comes back as it went', async () => {
  const { body } = await gateway.submit('{"payload":"\\ud83c"}', { prefer: 'wait=20' });
  expect(body.result.echo).toBe('\ud83c');
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
