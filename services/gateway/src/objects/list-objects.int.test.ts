import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';
import { newJobId } from '../jobs/job-id.js';
import { CollectionUnderTest } from './collection.fixture.js';

const gateway = useGateway();
const { call, upload } = gateway;
const job = newJobId();
const ids: string[] = [];
let collection: CollectionUnderTest;
let as: string;

beforeAll(async () => {
  collection = await CollectionUnderTest.open(gateway);
  as = await gateway.issuer.token({ app_metadata: { tenant_id: 'acme' } });
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  for (const bytes of [png, Buffer.from('one'), Buffer.from('two'), png, Buffer.from('three')])
    ids.unshift((await upload(bytes, { as })).body.id);
  // What one transaction registers has one time.
  await collection.pool.query('UPDATE gateway.objects SET created_at = now() WHERE id = ANY($1)', [ids]);
  ids.sort().reverse();
  await collection.pool.query('UPDATE gateway.objects SET job_id = $2 WHERE id = ANY($1)', [ids.slice(1, 3), job]);
});
afterAll(() => collection.close());

const list = async (query = '', caller = as) => (await call(`/v1/objects${query}`, { as: caller })).body;
const idsOf = (page: Json) => page.objects.map(({ id }: Json) => id);

describe('the list of objects', () => {
  test('has the newest first, page by page, each once', async () => {
    expect(idsOf(await list())).toEqual(ids);
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?limit=2${cursor && `&cursor=${cursor}`}`);
      seen.push(...idsOf(page));
      cursor = page.nextCursor ?? '';
    } while (cursor);
    expect(seen).toEqual(ids);
  });

  test('shows each as it is shown alone', async () => {
    const [first] = (await list('?limit=1')).objects;
    expect(first).toEqual((await call(`/v1/objects/${ids[0]}/info`, { as })).body);
  });

  test('is cut down to a kind of type, and to the results of a job', async () => {
    const types = async (query: string) => (await list(query)).objects.map(({ type }: Json) => type);
    expect(await types('?type=image/')).toEqual(['image/png', 'image/png']);
    expect(await types('?type=IMAGE/PNG')).toHaveLength(2);
    expect(await types('?type=video/')).toEqual([]);
    const results = (await list(`?job=${job}`)).objects;
    expect(results.map(({ id, jobId }: Json) => [id, jobId])).toEqual(ids.slice(1, 3).map((id) => [id, job]));
    expect(idsOf(await list(`?job=${newJobId()}`))).toEqual([]);
  });

  test('holds what the caller may read: their own, all of the tenant for its service role, nothing of others', async () => {
    const token = gateway.issuer.token.bind(gateway.issuer);
    const tenant = { app_metadata: { tenant_id: 'acme' } };
    expect(idsOf(await list('', await token({ ...tenant, role: 'service_role' })))).toEqual(ids);
    expect(idsOf(await list('', await token(tenant)))).toEqual([]);
    expect(idsOf(await list('', await token({})))).toEqual([]);
    expect(
      idsOf(await list(`?job=${job}`, await token({ app_metadata: { tenant_id: 'other' }, role: 'service_role' }))),
    ).toEqual([]);
  });

  test.each([
    ['cursor=nonsense', '/cursor'],
    [`cursor=${Buffer.from('1.2').toString('base64url')}`, '/cursor'],
    ['limit=0', '/limit'],
    ['type=a%00b', '/type'],
    ['job=1', '/job'],
    ['owner=me', '/owner'],
  ])('is refused with %s', async (query, pointer) => {
    const { status, body } = await call(`/v1/objects?${query}`);
    expect([status, body.errors[0].pointer]).toEqual([422, pointer]);
  });
});

describe('a deletion', () => {
  test('takes the object away at once, and a second time finds nothing', async () => {
    const { body } = await upload(Buffer.from('soon gone'), { as });
    const remove = async () => (await call(`/v1/objects/${body.id}`, { method: 'DELETE', as })).status;
    expect(await remove()).toBe(204);
    expect((await call(`/v1/objects/${body.id}`, { as })).status).toBe(404);
    expect((await call(`/v1/objects/${body.id}/info`, { as })).status).toBe(404);
    expect(idsOf(await list())).not.toContain(body.id);
    const input = { source: { object: body.id }, renditions: [{ name: 'a' }] };
    expect((await gateway.post('/v1/media/transform', input, {}, as)).status).toBe(404);
    expect(await remove()).toBe(404);
  });

  test('is for the owner and the service role of the tenant; a stranger gets 404, also for what it is', async () => {
    const app_metadata = { tenant_id: 'acme' };
    const strangers = [
      await gateway.issuer.token(),
      await gateway.issuer.token({ app_metadata }),
      await gateway.issuer.token({ app_metadata: { tenant_id: 'other' }, role: 'service_role' }),
    ];
    for (const stranger of strangers) {
      expect((await call(`/v1/objects/${ids[0]}`, { method: 'DELETE', as: stranger })).status).toBe(404);
      expect((await call(`/v1/objects/${ids[0]}/info`, { as: stranger })).status).toBe(404);
    }
    expect(idsOf(await list())).toEqual(ids);
    const service = await gateway.issuer.token({ app_metadata, role: 'service_role' });
    const { body } = await upload(Buffer.from('of a user'), { as });
    expect((await call(`/v1/objects/${body.id}`, { method: 'DELETE', as: service })).status).toBe(204);
  });

  test('needs the scope to write, a list and a look the one to read', async () => {
    const scoped = (scope: string) => gateway.issuer.token({ app_metadata: { scopes: [scope] } });
    const [reader, writer] = [await scoped('objects:read'), await scoped('objects:write')];
    const refused = [
      await call(`/v1/objects/${ids[0]}`, { method: 'DELETE', as: reader }),
      await call('/v1/objects', { as: writer }),
      await call(`/v1/objects/${ids[0]}/info`, { as: writer }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403]);
  });

  test.each(['1', 'x'.repeat(300), '%00', newJobId()])('finds nothing by the id %s', async (id) => {
    expect((await call(`/v1/objects/${id}`, { method: 'DELETE' })).status).toBe(404);
  });
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
