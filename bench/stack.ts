import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats } from '@tandem/embedded/nats';
import { startPostgres } from '@tandem/embedded/postgres';
import { type TestIssuer, testIssuer } from '@tandem/testing/issuer';
import { cpuSeconds, residentMegabytes, startScript } from './processes.ts';

/** A Tandem of real processes for a benchmark: PostgreSQL (durable), NATS, one gateway and, if asked for, one worker of the probe and the services of images and documents. */
export interface Stack {
  folder: string;
  url: string;
  databaseUrl: string;
  natsUrl: string;
  issuer: TestIssuer;
  /** Folder of the object store. */
  storageDir: string;
  /** An access token of some user. */
  token: string;
  pids: { gateway: number; postgres: number; nats: number; worker?: number; media?: number; documents?: number };
  /** Processor time that our own processes used so far, in seconds, by name. */
  cpuSeconds(): Promise<Record<string, number>>;
  /** Resident memory of our own processes, in megabytes, by name. */
  residentMegabytes(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** What belongs to a stack. */
export interface StackOptions {
  probeWorker?: boolean;
  /** Runs the media service, with these settings of its own. */
  media?: Record<string, string>;
  /** Runs the documents service, with these settings of its own. */
  documents?: Record<string, string>;
  /** Settings of the gateway. */
  env?: Record<string, string>;
}

/** Starts the stack on free ports, in a folder of its own. */
export async function startStack({
  probeWorker = true,
  media,
  documents,
  env = {},
}: StackOptions = {}): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-bench-'));
  const storageDir = join(folder, 'objects');
  const [postgres, nats, issuer] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), durable: true, maxConnections: 300 }),
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
    STORAGE_DIR: storageDir,
    JWKS_URL: issuer.jwksUrl,
    JWT_ISSUER: issuer.issuer,
    RATE_LIMIT_PER_MINUTE: '0',
  };
  const gateway = await startScript('gateway-process.ts', [], { ...environment, ...env });
  const worker = probeWorker ? await startScript('worker-process.ts', [], environment) : undefined;
  const images = media && (await startScript('media-process.ts', [], { ...environment, ...media }));
  const pages = documents && (await startScript('documents-process.ts', [], { ...environment, ...documents }));
  const ours = {
    gateway: gateway.pid,
    ...(worker && { worker: worker.pid }),
    ...(images && { media: images.pid }),
    ...(pages && { documents: pages.pid }),
    nats: nats.pid,
  };
  return {
    folder,
    storageDir,
    url: gateway.said,
    databaseUrl: postgres.url,
    natsUrl: nats.url,
    issuer,
    token: await issuer.token(),
    pids: { ...ours, postgres: postgres.pid },
    cpuSeconds: () => cpuSeconds(ours),
    residentMegabytes: async () =>
      Object.fromEntries(
        await Promise.all(
          Object.entries(ours).map(async ([name, pid]) => [name, await residentMegabytes(pid)] as const),
        ),
      ),
    async stop() {
      await gateway.stop();
      await worker?.stop();
      await images?.stop();
      await pages?.stop();
      await Promise.all([nats.stop(), postgres.stop(), issuer.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
