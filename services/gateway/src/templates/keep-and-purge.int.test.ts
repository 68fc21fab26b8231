import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalog } from '@tandem/contracts/catalog';
import { TemplateBundle } from '@tandem/contracts/template';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { openDatabase, poolOf } from '@tandem/persistence/database';
import { createLogger } from '@tandem/telemetry/logger';
import { eventually } from '@tandem/testing/eventually';
import { testNats, testPostgres } from '@tandem/testing/servers';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Principal } from '../identity/principal.js';
import { LedgerAndObjects1763700000000 } from '../migrations/1-ledger-and-objects.js';
import { Templates1764100000000 } from '../migrations/7-templates.js';
import { TemplateFinder } from './find-templates.js';
import { TemplateKeeper } from './keep-templates.js';
import { TemplatePurge } from './purge-templates.js';
import { shareTemplates } from './share-templates.js';

const SERVICE: Principal = { tenant: 'acme', actor: 'service_role', role: 'service_role', scopes: 'all', expiresAt: 0 };
const logged: string[] = [];
const log = createLogger('test', { write: (line) => void logged.push(line) });
const bundle = (html: string) => TemplateBundle.parse({ html });

let database: Awaited<ReturnType<typeof openDatabase>>;
let pool: Pool;
let folder: string;
const connections: Connection[] = [];

beforeAll(async () => {
  const [nats, postgres] = await Promise.all([testNats(), testPostgres()]);
  database = await openDatabase({
    url: postgres.url,
    schema: 'gateway',
    entities: [],
    migrations: [LedgerAndObjects1763700000000, Templates1764100000000],
    poolSize: 4,
  });
  pool = poolOf(database);
  folder = await mkdtemp(join(tmpdir(), 'tandem-shared-'));
  for (const name of ['one', 'other']) connections.push(await connectNats(nats.url, name));
});
afterAll(async () => {
  await Promise.all(connections.map(({ nc }) => nc.close()));
  await database?.destroy();
  await rm(folder, { recursive: true, force: true });
});

const finder = (index = 0) => new TemplateFinder(pool, connections[index]!, { ttlMs: 3_600_000 });

test('a change in one gateway is known in another long before its memory runs out', async () => {
  const [here, there] = [finder(0), finder(1)];
  await connections[1]!.nc.flush();
  expect(await there.find('acme', 'known')).toBeUndefined();
  await new TemplateKeeper(here, pool).put(SERVICE, 'known', bundle('a'));
  expect((await here.find('acme', 'known'))?.version).toBe(1);
  await eventually(async () => expect((await there.find('acme', 'known'))?.version).toBe(1));
  // Not asked of the database again: the row is changed behind its back.
  await pool.query(`UPDATE gateway.templates SET version = 9 WHERE name = 'known'`);
  expect((await there.find('acme', 'known'))?.version).toBe(1);
});

describe('the folder of templates', () => {
  const share = () => shareTemplates(folder, pool, log);
  const write = async (name: string, html: string) => {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'template.liquid'), html);
  };
  const shared = async () => (await finder().list('anybody')).map(({ name, version }) => `${name}@${version}`);

  test('gives a new version for what changed, and none for the rest', async () => {
    await write('a', 'one');
    await write('b', 'one');
    await Promise.all([share(), share()]);
    expect(await shared()).toEqual(['a@1', 'b@1']);
    await write('a', 'two');
    await share();
    expect(await shared()).toEqual(['a@2', 'b@1']);
    expect(logged.at(-1)).toContain('shared/a@2');
    expect((await finder().bundle('anybody', 'shared/a@1'))?.json.toString()).toContain('"html":"one"');
  });

  test('takes away what is no longer in it, for new jobs; and gives no number again', async () => {
    await rm(join(folder, 'b'), { recursive: true });
    await share();
    expect(await shared()).toEqual(['a@2']);
    expect(await finder().bundle('anybody', 'shared/b@1')).toBeDefined();
    await write('b', 'one');
    await share();
    expect(await shared()).toEqual(['a@2', 'b@2']);
  });

  test('with a fault stops the boot by its file and line, and changes nothing', async () => {
    await write('c', 'x\n{{ y | nope }}');
    await expect(share()).rejects.toThrow(/^TEMPLATES_DIR: .*\n {2}c\/template.liquid:2:1: undefined filter: nope/);
    expect(await shared()).toEqual(['a@2', 'b@2']);
    await shareTemplates(undefined, pool, log);
    expect(await shared()).toEqual(['a@2', 'b@2']);
  });
});

describe('a deleted template', () => {
  const purge = () => new TemplatePurge(catalog, pool, log).purge();
  const job = (template: string, status: string, tenant = 'acme') =>
    pool.query(
      `INSERT INTO gateway.jobs (id, tenant, actor, command, input, status, attempts, moved_at, created_at)
       VALUES (gen_random_uuid(), $1, 'user', 'documents.render', $2, $3, 1, now(), now())`,
      [tenant, JSON.stringify({ source: { template } }), status],
    );
  const remove = async (name: string, hours: number) => {
    await pool.query(`UPDATE gateway.templates SET deleted_at = now() - $2 * interval '1 hour' WHERE name = $1`, [
      name,
      hours,
    ]);
  };

  test('is purged when no job can need it any more, and its number stays taken', async () => {
    const keeper = new TemplateKeeper(finder(), pool);
    for (const name of ['open', 'failed', 'done', 'fresh', 'unused', 'live'])
      await keeper.put(SERVICE, name, bundle(name));
    await job('open@1', 'accepted');
    await job('failed@1', 'failed');
    await job('done@1', 'succeeded');
    // Another tenant's template of that name.
    await job('unused@1', 'accepted', 'other');
    for (const name of ['open', 'failed', 'done', 'unused']) await remove(name, 2);
    await remove('fresh', 0);
    expect(await purge()).toBe(2);
    const has = async (name: string) => (await finder().bundle('acme', `${name}@1`)) !== undefined;
    expect(await Promise.all(['open', 'failed', 'fresh', 'live', 'done', 'unused'].map(has))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
    await pool.query(`UPDATE gateway.jobs SET status = 'succeeded'`);
    expect(await purge()).toBe(2);
    expect((await keeper.put(SERVICE, 'done', bundle('done'))).template.version).toBe(2);
  });

  test('that all tenants share is kept for a job of any of them', async () => {
    await remove('a', 2);
    await job('shared/a@1', 'failed', 'somebody');
    await purge();
    expect(await finder().bundle('acme', 'shared/a@1')).toBeDefined();
    expect(await finder().bundle('acme', 'shared/a@2')).toBeUndefined();
  });
});
