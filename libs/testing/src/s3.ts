import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@tandem/embedded/free-port';
import { wrap } from '@tandem/embedded/privileges';
import { type ServerProcess, spawnServer, waitUntilReady } from '@tandem/embedded/server-process';
import { atEndOfFile } from './cleanup.js';

const PORT_RACES = 3;
const BUCKET = 'tandem';

/** An S3 server for one test file, with one empty bucket. */
export interface TestS3 {
  /** The settings of a service that keeps its objects there. */
  env: Record<
    'STORAGE' | 'S3_ENDPOINT' | 'S3_REGION' | 'S3_BUCKET' | 'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY',
    string
  >;
  /** Folder with the bucket's objects as files: what lies there without the API's help. */
  bucketDir: string;
  stop(): Promise<void>;
}

/** Starts an S3 server that wants signed requests; stopped at the end of the test file at the latest. */
export async function testS3(): Promise<TestS3> {
  const program = process.env.VERSITYGW_BIN;
  if (!program) throw new Error('versitygw is missing. Run the tests with npm test, which brings it.');
  const home = mkdtempSync(join(tmpdir(), 'tandem-s3-'));
  const bucketDir = join(home, 'buckets', BUCKET);
  mkdirSync(bucketDir, { recursive: true });
  mkdirSync(join(home, 'metadata'));
  const keys = { S3_ACCESS_KEY_ID: 'test-key', S3_SECRET_ACCESS_KEY: randomBytes(20).toString('hex') };
  const { server, endpoint } = await launch(program, home, keys);
  const stop = atEndOfFile(async () => {
    await server.kill();
    rmSync(home, { recursive: true, force: true });
  });
  return {
    env: { STORAGE: 's3', S3_ENDPOINT: endpoint, S3_REGION: 'us-east-1', S3_BUCKET: BUCKET, ...keys },
    bucketDir,
    stop,
  };
}

type Keys = { S3_ACCESS_KEY_ID: string; S3_SECRET_ACCESS_KEY: string };

async function launch(
  program: string,
  home: string,
  keys: Keys,
  races = PORT_RACES,
): Promise<{ server: ServerProcess; endpoint: string }> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  // Virtual hosts are names below `s3.test`, which tests resolve themselves.
  const options = ['--port', `127.0.0.1:${port}`, '--keep-alive', '--health', '/health', '--virtual-domain', 's3.test'];
  // Metadata beside the objects: attributes of files have 4 kB on ext4, too little for an upload of many parts.
  const folders = ['--sidecar', join(home, 'metadata'), join(home, 'buckets')];
  const command = wrap(program, [...options, 'posix', ...folders], { signalOnOurDeath: 'TERM' });
  // Its own environment: variables with its options may be set in ours.
  const env = {
    PATH: process.env.PATH,
    ROOT_ACCESS_KEY_ID: keys.S3_ACCESS_KEY_ID,
    ROOT_SECRET_ACCESS_KEY: keys.S3_SECRET_ACCESS_KEY,
  };
  const server = await spawnServer(command, { logFile: join(home, 's3.log'), stopSignal: 'SIGTERM', env });
  const isReady = async () => (await fetch(`${endpoint}/health`).catch(() => undefined))?.ok ?? false;
  try {
    await waitUntilReady(server, isReady, { what: 'versitygw', hint: '', timeoutMs: 30_000 });
    return { server, endpoint };
  } catch (error) {
    if (races > 1 && server.logTail().includes('address already in use'))
      return await launch(program, home, keys, races - 1);
    throw error;
  }
}
