import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { eventually } from '@tandem/testing/eventually';
import { describe, expect, test } from 'vitest';
import { type Answer, type Json, useGateway } from '../gateway.fixture.js';

const gateway = useGateway({ OBJECT_MAX_MB: '2' });
const { call } = gateway;

const GIF = Buffer.concat([Buffer.from('GIF89a'), randomBytes(500)]);
const INPUT = { renditions: [{ name: 'small', width: 32 }] };
const json = (value: unknown) => JSON.stringify(value);
const gif = (bytes: Buffer = GIF, name = 'photo.gif') => new File([bytes as Uint8Array<ArrayBuffer>], name);

type Part = [name: string, value: string | File];

function send(parts: Part[], headers: Record<string, string> = {}, as?: string, path = '/v1/media/transform') {
  const body = new FormData();
  for (const [name, value] of parts) body.append(name, value);
  return call(path, { method: 'POST', body, headers, as });
}

const objects = async (as?: string): Promise<Json[]> => (await call('/v1/objects', { as })).body.objects;
const newCaller = () => gateway.issuer.token();

/** A refusal that leaves no object behind. */
async function refused(attempt: (as: string) => Promise<Answer>): Promise<Answer> {
  const as = await newCaller();
  const answer = await attempt(as);
  expect(await objects(as)).toEqual([]);
  return answer;
}

describe('a command as a form', () => {
  test.each<[string, Part[]]>([
    [
      'first',
      [
        ['source', gif()],
        ['input', json(INPUT)],
      ],
    ],
    [
      'last',
      [
        ['input', json(INPUT)],
        ['source', gif()],
      ],
    ],
  ])('is a job on the file that stands %s, which is an object of the caller', async (_where, parts) => {
    const as = await newCaller();
    const { status, body, headers } = await send(parts, {}, as);
    expect([status, body.command]).toEqual([202, 'media.transform']);
    expect(headers.get('location')).toBe(`/v1/jobs/${body.id}`);
    const [object] = await objects(as);
    expect(object).toMatchObject({ name: 'photo.gif', type: 'image/gif', size: GIF.length });
    expect((await call(`/v1/objects/${object.id}`, { as })).bytes).toEqual(GIF);
  });

  test('with an idempotency key gives the same job for equal bytes, and keeps no second object', async () => {
    const as = await newCaller();
    const key = { 'idempotency-key': crypto.randomUUID() };
    const first = await send(
      [
        ['input', json(INPUT)],
        ['source', gif()],
      ],
      key,
      as,
    );
    const again = await send(
      [
        ['source', gif(GIF, 'another name.gif')],
        ['input', json(INPUT)],
      ],
      key,
      as,
    );
    expect([again.status, again.body.id]).toEqual([202, first.body.id]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await objects(as)).toHaveLength(1);
    const other = Buffer.concat([GIF, GIF]);
    expect(
      (
        await send(
          [
            ['input', json(INPUT)],
            ['source', gif(other)],
          ],
          key,
          as,
        )
      ).body.code,
    ).toBe('idempotency_mismatch');
    const wider = json({ renditions: [{ name: 'small', width: 33 }] });
    expect(
      (
        await send(
          [
            ['input', wider],
            ['source', gif()],
          ],
          key,
          as,
        )
      ).body.code,
    ).toBe('idempotency_mismatch');
    expect(await objects(as)).toHaveLength(1);
  });

  test('sent several times at once with one key is one job with one object', async () => {
    const as = await newCaller();
    const key = { 'idempotency-key': crypto.randomUUID() };
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() =>
        send(
          [
            ['source', gif()],
            ['input', json(INPUT)],
          ],
          key,
          as,
        ),
      ),
    );
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect(await objects(as)).toHaveLength(1);
  });
});

describe('a form that is refused leaves no object', () => {
  test.each<[string, Part[], number, string, string]>([
    ['no file', [['input', json(INPUT)]], 422, 'invalid_input', 'no file'],
    [
      'an input that is not JSON',
      [
        ['source', gif()],
        ['input', '{'],
      ],
      400,
      'malformed_body',
      'input',
    ],
    [
      'an input that is a list',
      [
        ['source', gif()],
        ['input', '[]'],
      ],
      422,
      'invalid_input',
      '/input',
    ],
    [
      'an input twice',
      [
        ['input', '{}'],
        ['source', gif()],
        ['input', '{}'],
      ],
      422,
      'invalid_input',
      'twice',
    ],
    [
      'an input that reaches for prototypes',
      [
        ['source', gif()],
        ['input', '{"__proto__":{}}'],
      ],
      400,
      'malformed_body',
      'input',
    ],
    [
      'an unknown field',
      [
        ['source', gif()],
        ['renditions', '[]'],
      ],
      422,
      'invalid_input',
      '/renditions',
    ],
    [
      'a file for a property that there is not',
      [
        ['file', gif()],
        ['input', json(INPUT)],
      ],
      422,
      'invalid_input',
      '/file',
    ],
    [
      'a file for a property that takes none',
      [
        ['input', '{"source":{"url":"https://example.com/a.png"}}'],
        ['renditions', gif()],
      ],
      422,
      'invalid_input',
      '/renditions',
    ],
    [
      'two files for one property',
      [
        ['source', gif()],
        ['source', gif()],
      ],
      422,
      'invalid_input',
      '/source',
    ],
    [
      'a source by file and by input',
      [
        ['source', gif()],
        ['input', json({ ...INPUT, source: { url: 'https://example.com/a.png' } })],
      ],
      422,
      'invalid_input',
      '/source',
    ],
    [
      'an input that is not valid',
      [
        ['source', gif()],
        ['input', '{"renditions":[]}'],
      ],
      422,
      'invalid_input',
      '/renditions',
    ],
    [
      'a file that is no image',
      [
        ['source', gif(Buffer.from('text'))],
        ['input', json(INPUT)],
      ],
      415,
      'unsupported_media_type',
      '/source/object',
    ],
    [
      'an empty file',
      [
        ['source', gif(Buffer.alloc(0))],
        ['input', json(INPUT)],
      ],
      422,
      'invalid_input',
      'empty',
    ],
    [
      'a file that is too large',
      [
        ['source', gif(Buffer.alloc(2_000_001))],
        ['input', json(INPUT)],
      ],
      413,
      'payload_too_large',
      '2 MB',
    ],
    [
      'an input that is too large',
      [
        ['source', gif()],
        ['input', ' '.repeat(1_100_000)],
      ],
      413,
      'payload_too_large',
      'input',
    ],
  ])('for %s', async (_what, parts, status, code, hint) => {
    const answer = await refused((as) => send(parts, {}, as));
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.detail).toContain(hint);
  });

  test('for an idempotency key that is none, a scope that lacks, a token that is none', async () => {
    const parts: Part[] = [
      ['source', gif()],
      ['input', json(INPUT)],
    ];
    expect((await refused((as) => send(parts, { 'idempotency-key': 'a b' }, as))).status).toBe(422);
    for (const [scope, lacking] of [
      ['media:write', 'objects:write'],
      ['objects:write', 'media:write'],
    ]) {
      const as = await gateway.issuer.token({ app_metadata: { scopes: [scope] } });
      const answer = await send(parts, {}, as);
      expect([answer.status, answer.body.detail]).toEqual([403, expect.stringContaining(lacking!)]);
    }
    expect((await send(parts, {}, 'nonsense')).status).toBe(401);
  });

  test('for a command that takes no files, and for the route of any job', async () => {
    for (const path of ['/v1/probe/run', '/v1/jobs'])
      expect((await refused((as) => send([['source', gif()]], {}, as, path))).status).toBe(415);
  });

  test('when it breaks off after its file', async () => {
    const as = await newCaller();
    const before = await gateway.storedFiles();
    const broken = request(`${gateway.url}/v1/media/transform`, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}`, 'content-type': 'multipart/form-data; boundary=b' },
    });
    broken.on('error', () => undefined);
    const unlike = randomBytes(100).toString('hex');
    broken.write(`--b\r\nContent-Disposition: form-data; name="source"; filename="f"\r\n\r\n${unlike}\r\n--b\r\n`);
    await eventually(async () => expect((await gateway.storedFiles()).length).toBeGreaterThan(before.length));
    broken.destroy();
    await eventually(async () => expect(await objects(as)).toEqual([]));
  });
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
