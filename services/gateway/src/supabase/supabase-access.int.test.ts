import { randomUUID } from 'node:crypto';
import { eventually } from '@tandem/testing/eventually';
import { testIssuer } from '@tandem/testing/issuer';
import { FakeStorage } from '@tandem/testing/supabase-storage';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';

// The issuer of the tokens must be known before the gateway starts.
const issuer = await testIssuer();
const storage = await FakeStorage.start(issuer.jwksUrl);
const gateway = useGateway({
  SUPABASE_URL: storage.url,
  SUPABASE_ANON_KEY: 'sb_publishable_test',
  SUPABASE_SOURCE_HOURS: '3',
  JWKS_URL: issuer.jwksUrl,
  JWT_ISSUER: issuer.issuer,
  EGRESS_ALLOW: '',
});
const { post } = gateway;
const user = randomUUID();
const file = (path: string) => {
  storage.files.set(`photos/${path}`, { bytes: Buffer.from('bytes'), type: 'image/png' });
  return path;
};
const mine = file(`${user}/my photo, #1 @home.png`);
const foreign = file(`${randomUUID()}/secret.png`);
let token: string;
let database: pg.Client;

beforeAll(async () => {
  token = await issuer.token({ sub: user });
  database = new pg.Client(gateway.postgres.url);
  await database.connect();
});
afterAll(() => database.end());

const RENDITIONS = [
  { name: 'thumb', width: 10, format: 'jpeg' },
  { name: 'page', width: 20 },
];
const transform = (extra: object, as = token) =>
  post(
    '/v1/media/transform',
    { source: { supabase: { bucket: 'photos', path: mine } }, renditions: RENDITIONS, ...extra },
    {},
    as,
  );
const from = (path: string, bucket = 'photos') => ({ source: { supabase: { bucket, path } } });
const to = (path: string, upsert?: boolean) => ({ store: { supabase: { bucket: 'photos', path, upsert } } });

/** What goes to the worker with a job. */
async function grantsOf(id: string) {
  return (await database.query('SELECT supabase FROM gateway.jobs WHERE id = $1', [id])).rows[0].supabase;
}

describe('a source in Supabase Storage', () => {
  test('is read by a URL that Storage signed for the caller, for as long as is configured', async () => {
    const { status, body } = await transform({});
    expect(status).toBe(202);
    const { reads, writes } = await grantsOf(body.id);
    expect(writes).toEqual([]);
    expect(reads).toMatchObject([{ bucket: 'photos', path: mine }]);
    expect(Date.parse(reads[0].expiresAt) - Date.now()).toBeGreaterThan(2.9 * 3_600_000);
    expect(await (await fetch(reads[0].url)).text()).toBe('bytes');
    expect(storage.requests.find(({ method }) => method === 'POST')?.apikey).toBe('sb_publishable_test');
  });

  test('that row-level security hides is refused as one that does not exist, by its place in the request', async () => {
    for (const path of [foreign, `${user}/none.png`]) {
      const { status, body } = await transform(from(path));
      expect([status, body.code, body.errors[0].pointer]).toEqual([404, 'not_found', '/source/supabase']);
    }
    const service = await issuer.token({ role: 'service_role', app_metadata: { tenant_id: 'acme' } });
    expect((await transform(from(foreign), service)).status).toBe(202);
  });

  test.each([
    ['a bucket that does not exist', from(mine, 'nowhere'), 404, 'not_found'],
    ['a path that leads out', from('../../rest/v1/users'), 404, 'not_found'],
    ['an empty folder', from(`${user}//a.png`), 404, 'not_found'],
  ])('with %s is refused', async (_what, extra, status, code) => {
    const answer = await transform(extra);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(storage.requests.filter(({ path }) => path.includes('/rest/'))).toEqual([]);
  });

  test('of every entry of a batch is asked for in one question', async () => {
    const paths = Array.from({ length: 20 }, (_, n) => file(`${user}/batch-${n}.png`));
    const before = storage.requests.length;
    const jobs = paths.map((path) => ({
      command: 'media.transform',
      input: { ...from(path), renditions: RENDITIONS },
    }));
    expect((await post('/v1/batches', { jobs }, {}, token)).status).toBe(202);
    expect(storage.requests.length - before).toBe(1);
    jobs[7]!.input.source.supabase.path = foreign;
    const { body } = await post('/v1/batches', { jobs }, {}, token);
    expect(body.errors[0].pointer).toBe('/7/input/source/supabase');
  });

  test('is not there for the moment when Storage is down', async () => {
    storage.broken = 503;
    const { status, body, headers } = await transform({});
    storage.broken = undefined;
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'unavailable', '5']);
  });
});

describe('results for Supabase Storage', () => {
  test('may be written where Storage lets the caller, one permission for each file', async () => {
    const { status, body } = await transform(to(`${user}/out/`));
    expect(status).toBe(202);
    const { writes } = await grantsOf(body.id);
    expect(writes.map(({ path }: { path: string }) => path)).toEqual([
      `${user}/out/thumb.jpg`,
      `${user}/out/page.webp`,
    ]);
    const put = await fetch(writes[0].url, { method: 'PUT', body: 'pixels' });
    expect(put.status).toBe(200);
    expect(storage.files.get(`photos/${user}/out/thumb.jpg`)?.bytes.toString()).toBe('pixels');
  });

  test('are refused where row-level security does not let the caller write', async () => {
    const { status, body } = await transform(to('somebody-else'));
    expect([status, body.code, body.errors[0].pointer]).toEqual([403, 'forbidden', '/store/supabase']);
  });

  test('cannot lead out of Storage', async () => {
    const { status, body } = await transform(to('../../../rest/v1/users'));
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'invalid_input', '/store/supabase']);
    expect(storage.requests.filter(({ path }) => path.includes('/rest/'))).toEqual([]);
  });

  test('replace nothing unless they may', async () => {
    file(`${user}/taken/page.webp`);
    const refused = await transform(to(`${user}/taken`));
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    expect(refused.body.detail).toContain('upsert');
    expect((await transform(to(`${user}/taken`, true))).status).toBe(202);
  });
});

test('neither token nor signed URLs are shown, and the token is nowhere in the database', async () => {
  const { body } = await transform(to(`${user}/private`));
  for (const path of [`/v1/jobs/${body.id}`, '/v1/jobs'])
    expect((await gateway.call(path, { as: token })).bytes.toString()).not.toContain('token=');
  const { rows } = await database.query('SELECT row_to_json(j)::text AS row FROM gateway.jobs j');
  for (const { row } of rows) expect(row).not.toContain(token);
});

test('a caller that Supabase does not know is refused', async () => {
  const stranger = await gateway.issuer.token();
  expect((await transform({}, stranger)).status).toBe(401);
  await eventually(() => expect(gateway.failures).toEqual([]));
});
