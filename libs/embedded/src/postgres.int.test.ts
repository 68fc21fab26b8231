import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startPostgres } from './postgres.js';
import { isAlive, processIdentity } from './process-identity.js';
import type { EmbeddedServer } from './server-process.js';

// mkdtemp makes a folder that only we may enter: the account that PostgreSQL gets instead of root must cope.
const home = mkdtempSync(join(tmpdir(), 'tandem-postgres-'));
const dataDir = join(home, 'deep', 'postgres');
let server: EmbeddedServer;

beforeAll(async () => {
  server = await startPostgres({ dataDir });
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true });
});

async function query(sql: string, url = server.url): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

it('keeps what was committed when it is killed, and starts again on the same directory', async () => {
  await query('CREATE TABLE notes (text text)');
  await query("INSERT INTO notes VALUES ('kept')");
  await server.kill();
  expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' });
  server = await startPostgres({ dataDir });
  expect(await query('SELECT text FROM notes')).toEqual([{ text: 'kept' }]);
});

it('leaves no process when stopped, and takes a fixed port', async () => {
  const identity = processIdentity(server.pid);
  await server.stop();
  expect(isAlive(identity)).toBe(false);
  server = await startPostgres({ dataDir, port: server.port, durable: false, maxConnections: 20 });
  expect(await query('SHOW max_connections')).toEqual([{ max_connections: '20' }]);
});

it('names the directory and the pid when somebody already uses the directory', async () => {
  await expect(startPostgres({ dataDir })).rejects.toThrow(`PostgreSQL (pid ${server.pid}) already runs on ${dataDir}`);
});

it('tells the reason when the port is taken', async () => {
  const start = startPostgres({ dataDir: join(home, 'second'), port: server.port, durable: false });
  await expect(start).rejects.toThrow(/did not start[\s\S]*could not bind/);
});

it('refuses a wrong password', async () => {
  await expect(query('SELECT 1', server.url.replace(/:[0-9a-f]{48}@/, ':wrong@'))).rejects.toThrow('password');
});

it('starts after a crash whose pid now belongs to another program', async () => {
  await server.kill();
  writeFileSync(join(dataDir, 'postmaster.pid'), `${process.pid}\n${dataDir}\n`);
  server = await startPostgres({ dataDir });
  expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

it.runIf(process.platform === 'linux')('ends with the process that started it, even when that is killed', async () => {
  const dir = join(home, 'orphan');
  const starter = spawn(process.execPath, ['--input-type=module', '-e', starterScript(dir)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = await once(starter.stdout, 'data');
  const orphan = processIdentity(Number(pid));
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  const next = await startPostgres({ dataDir: dir }); // waits for the orphan, which is shutting down
  expect(isAlive(orphan)).toBe(false);
  await next.stop();
});

// Node strips the types by itself, but takes our imports of `./x.js` literally.
function starterScript(dir: string): string {
  return `import { registerHooks } from 'node:module';
    const source = (path) => path.replace(/^(\\.\\/.*)\\.js$/, '$1.ts');
    registerHooks({
      resolve: (path, context, next) => next(context.parentURL?.endsWith('.ts') ? source(path) : path, context),
    });
    const { startPostgres } = await import(${JSON.stringify(new URL('./postgres.ts', import.meta.url).href)});
    console.log((await startPostgres({ dataDir: ${JSON.stringify(dir)} })).pid);
    setInterval(() => {}, 1000);`;
}
