import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@tandem/embedded/free-port';
import { startNats } from '@tandem/embedded/nats';
import { startPostgres } from '@tandem/embedded/postgres';
import type { EmbeddedServer } from '@tandem/embedded/server-process';
import { testIssuer } from '@tandem/testing/issuer';
import { Client } from 'pg';
import { browsersOf } from './browsers.ts';
import { SCHEMA } from './effect.ts';
import { Link } from './link.ts';
import type { Options } from './options.ts';
import { SupervisedProcess } from './supervised-process.ts';

const WORKERS = ['worker-1', 'worker-2'];

/** Something that can be ended in several ways and started again, with its files or without. */
export interface Breakable {
  signal(signal: NodeJS.Signals): void;
  /** Ends it; resolves when it is gone. `wipe` takes its files along. */
  end(signal: NodeJS.Signals, wipe?: boolean): Promise<void>;
  start(): Promise<void>;
}

/** A server that is started again on its port. */
interface BreakableServer extends Breakable {
  readonly url: string;
  readonly logFile: string;
}

/** The system under test: real servers, real processes, and a link between each process and each server it talks to. */
export interface System {
  urls: string[];
  databaseUrl: string;
  token: string;
  /** Everything that can be killed or frozen, by name: `gateway-1`, `worker-2`, `browsers-2`, `nats`, `postgres`. */
  parts: Map<string, SupervisedProcess | Breakable>;
  /** By the two names: `worker-1>nats`. */
  links: Map<string, Link>;
  processes: SupervisedProcess[];
  logs: string;
  /** Ends all that was started and removes its files, the logs excepted when `keepLogs`. */
  stop(keepLogs: boolean): Promise<void>;
}

/** Starts the whole system, on free ports of the loopback and in a folder of its own. */
export async function startSystem(
  options: Pick<Options, 'gateways' | 'marginS'>,
  interrupted: AbortSignal,
): Promise<System> {
  const folder = mkdtempSync(join(tmpdir(), 'tandem-chaos-'));
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  const undo: (() => unknown)[] = [];
  const stop = async (keepLogs: boolean) => {
    for (const step of undo.splice(0).reverse()) await step();
    const rest = keepLogs ? ['postgres', 'nats', 'objects'] : [''];
    for (const name of rest) rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const [dataDir, storeDir] = [join(folder, 'postgres'), join(folder, 'nats')];
    const issuer = await testIssuer();
    undo.push(() => issuer.close());
    const postgres = await breakable(dataDir, (port) => startPostgres({ dataDir, port, durable: true }));
    undo.push(() => postgres.end('SIGINT'));
    const nats = await breakable(storeDir, (port) => startNats({ storeDir, port }));
    undo.push(() => nats.end('SIGTERM'));
    await createSchema(postgres.url);

    const links = new Map<string, Link>();
    const link = async (from: string, to: string, url: string) => {
      const opened = await Link.open(Number(new URL(url).port));
      undo.push(() => opened.close());
      links.set(`${from}>${to}`, opened);
      return opened.through(url);
    };
    const common = { STORAGE_DIR: join(folder, 'objects'), ADMIN_PORT: '0', LOG_LEVEL: 'info' };
    const urls: string[] = [];
    const processes: SupervisedProcess[] = [];
    for (let i = 1; i <= options.gateways; i += 1) {
      const name = `gateway-${i}`;
      const port = await freePort();
      urls.push(`http://127.0.0.1:${port}`);
      const env = {
        ...common,
        PORT: String(port),
        DATABASE_URL: await link(name, 'postgres', postgres.url),
        NATS_URL: await link(name, 'nats', nats.url),
        JWKS_URL: issuer.jwksUrl,
        JWT_ISSUER: issuer.issuer,
        RATE_LIMIT_PER_MINUTE: '0',
        RECONCILE_MARGIN_S: String(options.marginS),
      };
      processes.push(new SupervisedProcess(name, 'gateway-process.ts', env, logs));
    }
    for (const name of WORKERS) {
      const env = {
        ...common,
        WORKER_NAME: name,
        EFFECTS_URL: await link(name, 'postgres', postgres.url),
        NATS_URL: await link(name, 'nats', nats.url),
        MEDIA_CONCURRENCY: '2',
        MEDIA_GRACE_S: '5',
        DOCUMENTS_CONCURRENCY: '4',
        DOCUMENTS_GRACE_S: '5',
      };
      processes.push(new SupervisedProcess(name, 'worker-process.ts', env, logs));
    }
    // One after the other: the first of a fresh system provisions it.
    for (const each of processes) {
      undo.push(() => end(each));
      if (interrupted.aborted) throw interrupted.reason;
      await each.start();
    }
    const parts = new Map<string, SupervisedProcess | Breakable>([
      ...processes.map((each) => [each.name, each] as const),
      ...processes
        .filter(({ name }) => WORKERS.includes(name))
        .map((each) => [each.name.replace('worker', 'browsers'), browsersOf(each)] as const),
      ['nats', nats],
      ['postgres', postgres],
    ]);
    const token = await issuer.token({ exp: Math.floor(Date.now() / 1_000) + 7 * 86_400 });
    return { urls, databaseUrl: postgres.url, token, parts, links, processes, logs, stop };
  } catch (error) {
    await stop(false);
    throw error;
  }
}

/** A frozen process cannot hear that it should end. */
async function end(each: SupervisedProcess): Promise<void> {
  each.signal('SIGCONT');
  await each.end('SIGKILL');
}

async function breakable(files: string, start: (port: number) => Promise<EmbeddedServer>): Promise<BreakableServer> {
  let server: EmbeddedServer = await start(0);
  const { port, url } = server;
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(server.pid, name);
    } catch {
      // it is gone already
    }
  };
  let isUp = true;
  return {
    url,
    logFile: `${files}.log`,
    signal,
    end: async (name, wipe) => {
      if (isUp) {
        signal('SIGCONT');
        signal(name);
        await server.exited;
      }
      isUp = false;
      if (wipe) rmSync(files, { recursive: true, force: true, maxRetries: 5 });
    },
    start: async () => {
      server = await start(port);
      isUp = true;
    },
  };
}

async function createSchema(url: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  await client.query(SCHEMA).finally(() => client.end());
}
