import { randomBytes } from 'node:crypto';
import { eventually } from '@tandem/testing/eventually';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useGateway } from '../gateway.fixture.js';
import { newJobId } from '../jobs/job-id.js';
import { CollectionUnderTest, keyOf } from './collection.fixture.js';

const gateway = useGateway();
const { call, upload } = gateway;
let collection: CollectionUnderTest;
let tenant: string;
let as: string;

beforeAll(async () => {
  collection = await CollectionUnderTest.open(gateway, { uploadDays: 3, resultDays: 5 });
  tenant = 'acme';
  as = await gateway.issuer.token({ app_metadata: { tenant_id: tenant } });
});
afterAll(() => collection.close());

const sql = (query: string, values: unknown[] = []) => collection.pool.query(query, values);
const isStored = async (key: string) => (await collection.store.size(key)) !== undefined;
/** Soon, not at once: the gateway's own collector may have been the first to claim them. */
const areGone = (...keys: string[]) =>
  eventually(async () => expect(await Promise.all(keys.map(isStored))).toEqual(keys.map(() => false)));
const remove = (id: string) => call(`/v1/objects/${id}`, { method: 'DELETE', as });
const statusOf = async (id: string) => (await call(`/v1/objects/${id}/info`, { as })).status;

/** An object with bytes of its own that were stored hours ago. */
async function oldObject(query = ''): Promise<{ id: string; key: string; bytes: Buffer }> {
  const bytes = randomBytes(50);
  const { body } = await upload(bytes, { as, query });
  const key = keyOf(tenant, bytes);
  collection.age(key);
  return { id: body.id, key, bytes };
}

/** A job of the tenant that a worker has had since `movedAt`. */
async function openJob(movedAt: string): Promise<string> {
  const id = newJobId();
  await sql(
    `INSERT INTO gateway.jobs (id, tenant, actor, command, input, status, attempts, moved_at, created_at)
     VALUES ($1, $2, 'somebody', 'probe.run', '{}', 'running', 3, now() - $3::interval, now() - $3::interval)`,
    [id, tenant, movedAt],
  );
  return id;
}

describe('the bytes of a deleted object', () => {
  test('go with the next collection', async () => {
    const { id, key } = await oldObject();
    await remove(id);
    expect(await isStored(key)).toBe(true);
    await collection.collect();
    await areGone(key);
    await eventually(async () => expect((await sql('SELECT FROM gateway.loose_bytes')).rowCount).toBe(0));
  });

  test('stay as long as another object of the tenant has them', async () => {
    const { id, key, bytes } = await oldObject();
    const twin = (await upload(bytes, { as })).body.id;
    collection.age(key);
    await remove(id);
    await collection.collect();
    expect(await isStored(key)).toBe(true);
    expect((await call(`/v1/objects/${twin}`, { as })).bytes).toEqual(bytes);
    await remove(twin);
    await collection.collect();
    await areGone(key);
  });

  test('go although another tenant has equal ones, which stay', async () => {
    const { id, key, bytes } = await oldObject();
    await upload(bytes);
    const other = keyOf(
      (await sql(`SELECT tenant FROM gateway.objects WHERE tenant <> $1`, [tenant])).rows[0].tenant,
      bytes,
    );
    collection.age(other);
    await remove(id);
    await collection.collect();
    await areGone(key);
    expect(await isStored(other)).toBe(true);
  });

  test('stay while they are young: somebody may be about to refer to them', async () => {
    const { id, key, bytes } = await oldObject();
    await remove(id);
    await collection.store.write(key, bytes);
    await collection.collect();
    expect(await isStored(key)).toBe(true);
    collection.age(key);
    await collection.collect();
    await areGone(key);
  });

  test('stay while a job is open that may have written them, and go when it has ended without', async () => {
    const { id, key } = await oldObject();
    const job = await openJob('10 hours');
    await remove(id);
    await collection.collect();
    expect(await isStored(key)).toBe(true);
    await sql(`UPDATE gateway.jobs SET status = 'failed', finished_at = now() WHERE id = $1`, [job]);
    await collection.collect();
    await areGone(key);
  });

  test('do not wait for a job that began after them, nor for one of which nothing was heard for a day', async () => {
    const { id, key } = await oldObject();
    const jobs = [await openJob('5 minutes'), await openJob('25 hours')];
    await remove(id);
    await collection.collect();
    await areGone(key);
    await sql('DELETE FROM gateway.jobs WHERE id = ANY($1)', [jobs]);
  });
});

describe('an object with an end', () => {
  test('says so, is not there from then on, and is collected', async () => {
    const { id, key } = await oldObject('?expiresIn=3600');
    const { body } = await call(`/v1/objects/${id}/info`, { as });
    expect(Date.parse(body.expiresAt) - Date.parse(body.createdAt)).toBeCloseTo(3_600_000, -4);
    await collection.collect();
    expect(await statusOf(id)).toBe(200);
    await sql(`UPDATE gateway.objects SET expires_at = now() - interval '1 ms' WHERE id = $1`, [id]);
    expect([await statusOf(id), (await remove(id)).status]).toEqual([404, 404]);
    await collection.collect();
    await areGone(key);
    expect((await sql('SELECT FROM gateway.objects WHERE id = $1', [id])).rowCount).toBe(0);
  });

  test.each(['59', '1.5', '-1', 'soon', '999999999999'])('is refused with expiresIn=%s', async (expiresIn) => {
    const { status, body } = await upload(Buffer.from('x'), { query: `?expiresIn=${expiresIn}` });
    expect([status, body.errors[0].pointer]).toEqual([422, '/expiresIn']);
  });
});

test('uploads and results are kept for as many days as each is to be kept', async () => {
  const days = async (job: string | null, age: string) => {
    const { id } = await oldObject();
    await sql(`UPDATE gateway.objects SET created_at = now() - $2::interval, job_id = $3 WHERE id = $1`, [
      id,
      age,
      job,
    ]);
    return id;
  };
  const kept = [await days(null, '2 days'), await days(newJobId(), '4 days')];
  const gone = [await days(null, '4 days'), await days(newJobId(), '6 days')];
  await collection.collect();
  expect(await Promise.all(kept.map(statusOf))).toEqual([200, 200]);
  expect(await Promise.all(gone.map(statusOf))).toEqual([404, 404]);
});

describe('a search of the store', () => {
  test('finds old bytes that no object has, and nothing else', async () => {
    const needed = await oldObject();
    const [orphan, young, foreign] = [keyOf('a/b é', randomBytes(9)), keyOf(tenant, randomBytes(9)), 'not/an/object'];
    for (const key of [orphan, young, foreign]) await collection.store.write(key, randomBytes(9));
    for (const key of [orphan, foreign]) collection.age(key);
    expect(await collection.searchOrphans()).toBe(1);
    await collection.collect();
    await areGone(orphan);
    expect(await Promise.all([needed.key, young, foreign].map(isStored))).toEqual([true, true, true]);
  });
});

test('several collectors at once collect everything once', async () => {
  const objects = [];
  for (let i = 0; i < 30; i += 1) objects.push(await oldObject());
  await Promise.all(objects.map(({ id }) => remove(id)));
  await Promise.all([collection.collect(), collection.collect(), collection.collect()]);
  await areGone(...objects.map(({ key }) => key));
});

test('none of this was a failure that the gateway did not foresee', () => {
  expect(gateway.failures).toEqual([]);
});
