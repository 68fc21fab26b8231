import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats } from '@tandem/embedded/nats';
import { startPostgres } from '@tandem/embedded/postgres';
import { testIssuer } from '@tandem/testing/issuer';

/** A Tandem of real processes for a benchmark: PostgreSQL (durable), NATS, one gateway, one worker of the probe. */
export interface Stack {
  url: string;
  databaseUrl: string;
  natsUrl: string;
  token: string;
  /** Processor time that our own processes used so far, in seconds, by name. */
  cpuSeconds(): Promise<Record<string, number>>;
  /** Resident memory of our own processes, in megabytes, by name. */
  residentMegabytes(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** Starts the stack on free ports, in a folder of its own. */
export async function startStack(): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-bench-'));
  const [postgres, nats, issuer] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), durable: true }),
    startNats({ storeDir: join(folder, 'nats') }),
    testIssuer(),
  ]);
  const environment = {
    ...process.env,
    PORT: '0',
    ADMIN_PORT: '0',
    LOG_LEVEL: 'warn',
    DATABASE_URL: postgres.url,
    DATABASE_PREPARE: process.env.DATABASE_PREPARE ?? 'true',
    NATS_URL: nats.url,
    STORAGE_DIR: join(folder, 'objects'),
    JWKS_URL: issuer.jwksUrl,
    JWT_ISSUER: issuer.issuer,
    RATE_LIMIT_PER_MINUTE: '0',
  };
  const gateway = await start('gateway-process.ts', environment);
  const worker = await start('worker-process.ts', environment);
  const pids = { gateway: gateway.child.pid!, worker: worker.child.pid!, nats: nats.pid };
  return {
    url: gateway.said,
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    token: await issuer.token(),
    cpuSeconds: () => forEach(pids, cpuSeconds),
    residentMegabytes: () => forEach(pids, residentMegabytes),
    async stop() {
      for (const { child } of [gateway, worker]) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      await Promise.all([nats.stop(), postgres.stop(), issuer.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Starts one of this folder's processes and waits for its first line. */
async function start(script: string, env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const [line] = await Promise.race([
    once(child.stdout!, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${script} ended before it was ready`))),
  ]);
  child.stdout!.resume();
  return { child, said: String(line).trim() };
}

async function forEach(
  pids: Record<string, number>,
  read: (pid: number) => Promise<number>,
): Promise<Record<string, number>> {
  return Object.fromEntries(
    await Promise.all(Object.entries(pids).map(async ([name, pid]) => [name, await read(pid)] as const)),
  );
}

/** User and system time of a process, from /proc (100 ticks a second on Linux). */
async function cpuSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1000);
}
