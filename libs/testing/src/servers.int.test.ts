import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { expect, it } from 'vitest';
import { testNats, testPostgres } from './servers.js';

async function tables(url: string, create?: string): Promise<string[]> {
  const client = new pg.Client(url);
  await client.connect();
  if (create) await client.query(`CREATE TABLE ${create} ()`);
  const { rows } = await client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
  await client.end();
  return rows.map((row) => row.tablename);
}

it('gives every caller an empty database of its own', async () => {
  const [one, two] = await Promise.all([testPostgres(), testPostgres()]);
  expect(await tables(one.url, 'mine')).toEqual(['mine']);
  expect(await tables(two.url)).toEqual([]);
  await one.drop();
  await expect(tables(one.url)).rejects.toThrow('does not exist');
});

it('restarts a NATS server with its streams on the same port, and wipes it when asked', async () => {
  const nats = await testNats();
  const streams = async () => {
    const connection = await connect({ servers: nats.url });
    const names = await (await jetstreamManager(connection)).streams.names().next();
    await connection.close();
    return names;
  };
  const connection = await connect({ servers: nats.url, reconnect: false });
  await (await jetstreamManager(connection)).streams.add({ name: 'NOTES', subjects: ['notes'] });
  await jetstream(connection).publish('notes', 'kept');
  await nats.kill();
  await nats.restart();
  expect(await streams()).toEqual(['NOTES']);
  await nats.wipe();
  expect(await streams()).toEqual([]);
});
