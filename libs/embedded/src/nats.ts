import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { forgetOwner, recordOwner, takeOver } from './owner.js';
import { onPath, wrap } from './privileges.js';
import { type EmbeddedServer, type ServerProcess, spawnServer, waitUntilReady } from './server-process.js';

/** Where and how an embedded nats-server runs. */
export type NatsOptions = {
  /** JetStream's files. Made when missing; `<storeDir>.log` and `.owner` stand beside it. */
  storeDir: string;
  /** 0 or none: a free one. */
  port?: number;
  /** The nats-server program. Default: NATS_SERVER_BIN, else `nats-server` on the PATH. */
  binary?: string;
  /** Serves nats-server's monitoring endpoints over HTTP on 127.0.0.1. */
  monitorPort?: number;
};

const OLDEST: [number, number] = [2, 12];
const PORT_RACES = 3;

/**
 * Starts nats-server with JetStream on 127.0.0.1 and resolves when it greets. It ends with this process, however this
 * process ends. Throws when the program is missing or older than 2.12, when another Tandem uses `storeDir`, or with the
 * server's last words.
 */
export async function startNats(options: NatsOptions): Promise<EmbeddedServer> {
  const storeDir = resolve(options.storeDir);
  const binary = options.binary || process.env.NATS_SERVER_BIN || onPath('nats-server');
  if (!binary)
    throw new Error('nats-server is missing. Set NATS_SERVER_BIN to the program, or NATS_URL to a running server.');
  await checkVersion(binary);
  await takeOver(storeDir, 'nats-server');
  mkdirSync(storeDir, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const port = options.port || (await freePort());
    const server = await launch(binary, { ...options, storeDir, port });
    try {
      await untilGreeting(server, port, storeDir);
      const stop = () => server.stop().then(() => forgetOwner(storeDir));
      return { ...server, port, url: `nats://127.0.0.1:${port}`, stop };
    } catch (error) {
      if (options.port || attempt === PORT_RACES || !server.logTail().includes('address already in use')) throw error;
    }
  }
}

async function launch(binary: string, { storeDir, port, monitorPort }: NatsOptions): Promise<ServerProcess> {
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', storeDir, '--server_name', 'tandem'];
  if (monitorPort) args.push('-m', String(monitorPort));
  const command = wrap(binary, args, { signalOnOurDeath: 'TERM' });
  const server = await spawnServer(command, { logFile: `${storeDir}.log`, stopSignal: 'SIGTERM' });
  recordOwner(storeDir, server.pid);
  return server;
}

async function untilGreeting(server: ServerProcess, port: number, storeDir: string): Promise<void> {
  const hint = `Its whole log is ${storeDir}.log; set NATS_URL to use a server of your own.`;
  // The log tells our server from a stranger on the same port, who would greet as well.
  const isReady = async () => server.logTail(40).includes('Server is ready') && (await greets(port));
  await waitUntilReady(server, isReady, { what: `nats-server on ${storeDir}`, hint, timeoutMs: 60_000 });
}

// Every NATS connection begins with the server's line INFO {...}.
function greets(port: number): Promise<boolean> {
  const { promise, resolve: answer } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(1_000, () => answer(false));
  socket.once('data', (data) => answer(data.toString().startsWith('INFO ')));
  socket.once('error', () => answer(false));
  socket.once('close', () => answer(false));
  return promise.finally(() => socket.destroy());
}

async function checkVersion(binary: string): Promise<void> {
  let output = '';
  let cause: unknown;
  try {
    ({ stdout: output } = await promisify(execFile)(binary, ['--version']));
  } catch (error) {
    cause = error;
  }
  const version = output.match(/^nats-server: v?((\d+)\.(\d+)\S*)/);
  if (!version) {
    throw new Error(`${binary} is no nats-server that runs. Set NATS_SERVER_BIN to nats-server 2.12 or newer.`, {
      cause,
    });
  }
  const [found, major, minor] = [version[1], Number(version[2]), Number(version[3])];
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return;
  throw new Error(`nats-server ${found} is too old: Tandem needs 2.12 or newer. Set NATS_SERVER_BIN to a newer one.`);
}
