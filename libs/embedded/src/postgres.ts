import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { initCluster, serverEnv } from './init-cluster.js';
import { forgetOwner, recordOwner, takeOver } from './owner.js';
import { postgresBinaries } from './postgres-binaries.js';
import { type Account, unprivilegedAccount, wrap } from './privileges.js';
import { isAlive, processIdentity, programName } from './process-identity.js';
import { type EmbeddedServer, type ServerProcess, spawnServer, waitUntilReady } from './server-process.js';

/** Where and how an embedded PostgreSQL runs. */
export type PostgresOptions = {
  /** Made when missing. `<dataDir>.password`, `.log` and `.owner` stand beside it. */
  dataDir: string;
  /** 0 or none: a free one. */
  port?: number;
  /** false trades the safety of the data for speed, for tests. Default true. */
  durable?: boolean;
  /** Default 100. */
  maxConnections?: number;
};

// A crash leaves backends that still hold the old shared memory for a moment; PostgreSQL then refuses to start.
const STARTS = 20;
const RETRY = /pre-existing shared memory block|shared memory.*still in use|could not bind|lock file "postmaster.pid"/;

/**
 * Starts PostgreSQL on 127.0.0.1 and resolves when it accepts connections. It ends with this process, however this
 * process ends (see `wrap`). Throws when another Tandem uses `dataDir`, or with the server's last words.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedServer> {
  const dataDir = resolve(options.dataDir);
  const account = unprivilegedAccount();
  const { initdb, postgres } = await postgresBinaries();
  await takeOver(dataDir, 'PostgreSQL');
  const password = await initCluster(initdb, { dataDir, durable: options.durable ?? true }, account);
  for (let attempt = 1; ; attempt++) {
    dropForeignPidFile(dataDir);
    const port = options.port || (await freePort());
    const server = await launch(postgres, { ...options, dataDir, port }, account);
    try {
      await untilAccepting(server, dataDir);
      return {
        ...server,
        port,
        url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
        stop: () => server.stop().then(() => forgetOwner(dataDir)),
      };
    } catch (error) {
      const portIsTaken = options.port && server.logTail().includes('could not bind');
      if (attempt === STARTS || portIsTaken || !RETRY.test(server.logTail())) throw error;
      await sleep(100);
    }
  }
}

async function launch(postgres: string, options: PostgresOptions, account: Account): Promise<ServerProcess> {
  const args = ['-D', options.dataDir, ...settings(options).flatMap((setting) => ['-c', setting])];
  const logFile = `${options.dataDir}.log`;
  // SIGINT is PostgreSQL's fast shutdown: it ends the sessions and writes a checkpoint.
  const command = wrap(postgres, args, { account, signalOnOurDeath: 'INT' });
  const server = await spawnServer(command, { logFile, stopSignal: 'SIGINT', env: serverEnv() });
  recordOwner(options.dataDir, server.pid);
  return server;
}

function settings({ port, durable = true, maxConnections = 100 }: PostgresOptions): string[] {
  const always = [
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
    `max_connections=${maxConnections}`,
    'shared_buffers=128MB',
    'wal_compression=on',
    'jit=off', // it costs more than it gains on the short queries of a ledger
    'timezone=UTC',
    'log_timezone=UTC',
  ];
  return durable ? always : [...always, 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
}

async function untilAccepting(server: ServerProcess, dataDir: string): Promise<void> {
  // The eighth line of postmaster.pid is what pg_ctl waits for: a mere TCP connect succeeds while recovery still runs.
  const isReady = () => {
    const [pid, , , , , , , status] = pidFile(dataDir);
    return Number(pid) === server.pid && status?.trim() === 'ready';
  };
  const hint = `Its whole log is ${dataDir}.log; set DATABASE_URL to use a PostgreSQL server of your own.`;
  await waitUntilReady(server, isReady, { what: `PostgreSQL on ${dataDir}`, hint, timeoutMs: 120_000 });
}

// PostgreSQL notices that the pid in a stale file is dead, but not that it now belongs to another program of ours.
function dropForeignPidFile(dataDir: string): void {
  const pid = Number(pidFile(dataDir)[0]);
  const program = pid > 0 && isAlive(processIdentity(pid)) ? programName(pid) : undefined;
  if (program && program !== 'postgres') rmSync(join(dataDir, 'postmaster.pid'));
}

function pidFile(dataDir: string): string[] {
  const path = join(dataDir, 'postmaster.pid');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
}
