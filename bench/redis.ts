import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from '@tandem/embedded/free-port';
import { wrap } from '@tandem/embedded/privileges';
import { spawnServer, waitUntilReady } from '@tandem/embedded/server-process';

/** A redis-server with an append-only file. */
export interface Redis {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

/** Starts Redis on 127.0.0.1; `fsync` says when its append-only file goes to the disk: once a second, or at every write. */
export async function startRedis({ folder, fsync }: { folder: string; fsync: 'everysec' | 'always' }): Promise<Redis> {
  const binary = process.env.REDIS_SERVER_BIN;
  if (!binary) throw new Error('redis-server is missing: start the benchmark with npm run bench.');
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const settings = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'yes', appendfsync: fsync };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = await spawnServer(wrap(binary, args, { signalOnOurDeath: 'TERM' }), {
    logFile: `${folder}.log`,
    stopSignal: 'SIGTERM',
    env: { ...process.env, LD_LIBRARY_PATH: process.env.REDIS_SERVER_LIBS ?? '' },
  });
  await waitUntilReady(server, () => accepts(port), { what: 'Redis', hint: '', timeoutMs: 20_000 });
  return { port, pid: server.pid, stop: () => server.stop() };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.destroy(resolve(true) as undefined));
    socket.once('error', () => resolve(false));
  });
}
