import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import type { Servers } from './peers/peer.ts';
import { cpuSeconds } from './processes.ts';
import { type Redis, startRedis } from './redis.ts';
import { type Stack, startStack } from './stack.ts';
import type { System } from './systems.ts';

/** The servers that all systems of a comparison share: a Tandem without a worker, and Redis in both modes. */
export interface Arena {
  stack: Stack;
  redis: { everysec: Redis; always: Redis };
  /** What a process of `system` needs to know, as its environment. */
  environment(system: Pick<System, 'database'>): NodeJS.ProcessEnv;
  /** Processor time so far, by process: the servers that `system` uses, and `own`. */
  cpuSeconds(system: System, own: Record<string, number>): Promise<Record<string, number>>;
  versions: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts the servers and makes a database for each system that wants one. */
export async function openArena(systems: System[]): Promise<Arena> {
  const stack = await startStack({ probeWorker: false });
  const redis = {
    everysec: await startRedis({ folder: join(stack.folder, 'redis-everysec'), fsync: 'everysec' }),
    always: await startRedis({ folder: join(stack.folder, 'redis-always'), fsync: 'always' }),
  };
  const postgres = await prepareDatabases(stack.databaseUrl, systems);
  const { gateway, postgres: postmaster, nats } = stack.pids;
  const pids = {
    gateway,
    postgres: postmaster,
    nats,
    'redis everysec': redis.everysec.pid,
    'redis always': redis.always.pid,
  };
  return {
    stack,
    redis,
    environment({ database }) {
      const url = new URL(stack.databaseUrl);
      if (database) url.pathname = database;
      const servers: Servers = {
        postgres: url.href,
        nats: stack.natsUrl,
        redis: { everysec: redis.everysec.port, always: redis.always.port },
        gateway: { url: stack.url, token: stack.token },
      };
      return { ...process.env, LOG_LEVEL: 'warn', BENCH_SERVERS: JSON.stringify(servers) };
    },
    cpuSeconds: (system, own) =>
      cpuSeconds({ ...Object.fromEntries(system.uses.map((name) => [name, pids[name]])), ...own }),
    versions: {
      PostgreSQL: postgres,
      'nats-server': versionOf(process.env.NATS_SERVER_BIN ?? 'nats-server'),
      'redis-server': versionOf(process.env.REDIS_SERVER_BIN ?? 'redis-server'),
    },
    async stop() {
      await Promise.all([redis.everysec.stop(), redis.always.stop()]);
      await stack.stop();
    },
  };
}

async function prepareDatabases(url: string, systems: System[]): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const { database } of systems) if (database) await client.query(`CREATE DATABASE ${database}`);
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  await client.end();
  return rows[0]!.server_version.split(' ')[0]!;
}

function versionOf(program: string): string {
  const env = { ...process.env, LD_LIBRARY_PATH: process.env.REDIS_SERVER_LIBS ?? '' };
  return /v=?(\d\S*)/.exec(execFileSync(program, ['--version'], { encoding: 'utf8', env }))?.[1] ?? 'unknown';
}
