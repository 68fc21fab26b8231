import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats } from '@tandem/embedded/nats';
import pg from 'pg';
import { inject } from 'vitest';
import { atEndOfFile } from './cleanup.js';
// Its declaration gives `inject` the type of what the run provides.
import type {} from './global-setup.js';

/** An empty database of its own for a test. */
export type TestPostgres = { url: string; drop(): Promise<void> };

/** Makes a fresh, empty database on the run's PostgreSQL; dropped at the end of the test file at the latest. */
export async function testPostgres(): Promise<TestPostgres> {
  const response = await fetch(inject('postgresLauncher'));
  if (!response.ok) throw new Error(await response.text());
  const server = await response.text();
  const name = `test_${randomBytes(6).toString('hex')}`;
  await execute(server, `CREATE DATABASE ${name}`);
  const drop = atEndOfFile(() => execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return { url: server.replace(/\/postgres$/, `/${name}`), drop };
}

/** A NATS server for one test file, with the means to break it. */
export type TestNats = {
  url: string;
  stop(): Promise<void>;
  /** Kills it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again, after `stop` or `kill`, with the same files on the same port. */
  restart(): Promise<void>;
  /** Stops it, forgets all that it stored and starts it again on the same port. */
  wipe(): Promise<void>;
};

/** Starts a NATS server with JetStream and an empty store; stopped at the end of the test file at the latest. */
export async function testNats(): Promise<TestNats> {
  const home = mkdtempSync(join(tmpdir(), 'tandem-nats-'));
  const storeDir = join(home, 'nats');
  let server = await startNats({ storeDir });
  const { port } = server;
  const restart = async () => {
    server = await startNats({ storeDir, port });
  };
  atEndOfFile(async () => {
    await server.kill();
    rmSync(home, { recursive: true, force: true });
  });
  return {
    url: server.url,
    stop: () => server.stop(),
    kill: () => server.kill(),
    restart,
    wipe: async () => {
      await server.stop();
      rmSync(storeDir, { recursive: true, force: true });
      await restart();
    },
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}
