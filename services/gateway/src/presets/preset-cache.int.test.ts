import { type Connection, connectNats } from '@tandem/messaging/connection';
import { openDatabase, poolOf } from '@tandem/persistence/database';
import { eventually } from '@tandem/testing/eventually';
import { testNats, testPostgres } from '@tandem/testing/servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '../identity/principal.js';
import { Presets1764000100000 } from '../migrations/5-presets.js';
import { PresetFinder } from './find-presets.js';
import { PresetKeeper } from './keep-presets.js';

const SERVICE: Principal = { tenant: 'acme', actor: 'service_role', role: 'service_role', scopes: 'all', expiresAt: 0 };

let database: Awaited<ReturnType<typeof openDatabase>>;
const connections: Connection[] = [];

beforeAll(async () => {
  const [nats, postgres] = await Promise.all([testNats(), testPostgres()]);
  database = await openDatabase({
    url: postgres.url,
    schema: 'gateway',
    entities: [],
    migrations: [Presets1764000100000],
    poolSize: 4,
  });
  for (const name of ['one', 'other']) connections.push(await connectNats(nats.url, name));
});
afterAll(async () => {
  await Promise.all(connections.map(({ nc }) => nc.close()));
  await database?.destroy();
});

test('a change in one gateway is known in another long before its memory runs out', async () => {
  const pool = poolOf(database);
  const [here, there] = connections.map(
    (connection) => new PresetFinder(new Map(), pool, connection, { ttlMs: 3_600_000 }),
  );
  const keeper = new PresetKeeper(here!, pool);
  await connections[1]!.nc.flush();
  expect(await there!.find('acme', 'card')).toBeUndefined();
  await keeper.put(SERVICE, 'card', { width: 1 });
  expect((await here!.find('acme', 'card'))?.version).toBe(1);
  await eventually(async () => expect((await there!.find('acme', 'card'))?.version).toBe(1));
  // Not asked of the database again: the row is changed behind its back.
  await pool.query('UPDATE gateway.presets SET version = 9');
  expect((await there!.find('acme', 'card'))?.version).toBe(1);
});
