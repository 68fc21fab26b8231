import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from './free-port.js';
import { startNats } from './nats.js';
import { isAlive, processIdentity } from './process-identity.js';
import type { EmbeddedServer } from './server-process.js';

const home = mkdtempSync(join(tmpdir(), 'tandem-nats-'));
const storeDir = join(home, 'deep', 'nats');
let server: EmbeddedServer;

beforeAll(async () => {
  server = await startNats({ storeDir });
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true });
});

async function connected<T>(use: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: server.url });
  return await use(connection).finally(() => connection.close());
}

async function storedMessages(): Promise<number> {
  return connected(async (connection) => {
    const manager = await jetstreamManager(connection);
    return (await manager.streams.info('NOTES')).state.messages;
  });
}

it('keeps what JetStream stored when it is killed, and starts again on the same directory', async () => {
  await connected(async (connection) => {
    await (await jetstreamManager(connection)).streams.add({ name: 'NOTES', subjects: ['notes'] });
    await jetstream(connection).publish('notes', 'kept');
  });
  await server.kill();
  server = await startNats({ storeDir, port: server.port });
  expect(await storedMessages()).toBe(1);
});

it('leaves no process when stopped, and serves monitoring where asked', async () => {
  const identity = processIdentity(server.pid);
  await server.stop();
  expect(isAlive(identity)).toBe(false);
  const monitorPort = await freePort();
  server = await startNats({ storeDir, monitorPort });
  expect(await (await fetch(`http://127.0.0.1:${monitorPort}/healthz`)).json()).toEqual({ status: 'ok' });
});

it('names the directory and the pid when somebody already uses the directory', async () => {
  await expect(startNats({ storeDir })).rejects.toThrow(`nats-server (pid ${server.pid}) already runs on ${storeDir}`);
});

it('tells the reason when the port is taken', async () => {
  const start = startNats({ storeDir: join(home, 'second'), port: server.port });
  await expect(start).rejects.toThrow(/did not start[\s\S]*address already in use/);
});

it.skipIf(process.platform === 'win32')('refuses a nats-server that is too old', async () => {
  const binary = join(home, 'old-nats-server');
  writeFileSync(binary, '#!/bin/sh\necho "nats-server: v2.9.25"\n');
  chmodSync(binary, 0o755);
  await expect(startNats({ storeDir: join(home, 'third'), binary })).rejects.toThrow(
    'nats-server 2.9.25 is too old: Tandem needs 2.12 or newer. Set NATS_SERVER_BIN to a newer one.',
  );
});
