import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Catalog } from '@tandem/contracts/catalog';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger, type Logger } from '@tandem/telemetry/logger';
import type { z } from 'zod';
import { Caller } from './caller.js';
import { atEndOfFile } from './cleanup.js';
import { type TestIssuer, testIssuer } from './issuer.js';
import { type TestNats, type TestPostgres, testNats, testPostgres } from './servers.js';

/** Starts a service as `start-<service>.ts` does; how it stops again is registered with `lifecycle`. */
export type StartService = (
  environment: NodeJS.ProcessEnv,
  catalog: Catalog,
  logger: Logger,
  lifecycle: Lifecycle,
) => Promise<unknown>;

/** What a Tandem for tests is made of. */
export interface TandemOptions {
  /** The commands that the gateway offers. */
  catalog: Catalog;
  /** The services under test, by name. */
  services: Record<string, StartService>;
  /** Added to the environment of the gateway and of every service. */
  env?: Record<string, string>;
}

/** A running Tandem, and a caller of its API who has made nothing yet. */
export interface TestTandem extends Pick<Caller, 'submit' | 'finished' | 'run' | 'upload' | 'download'> {
  url: string;
  /** A token as Supabase gives it; `claims` overrides or, with undefined, removes a claim. */
  token: TestIssuer['token'];
  /** Somebody else: another user, of a tenant of their own unless `claims` names one. */
  newCaller(claims?: Parameters<TestIssuer['token']>[0]): Promise<Caller>;
  nats: TestNats;
  postgres: TestPostgres;
  /** What gateway and services logged at level `error`, as JSON lines: failures that they did not foresee. */
  failures: string[];
  /** Stops services, then gateway; done at the end of the test file at the latest. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway and the services under test in this process, on a NATS, a database, an object store and an issuer of
 * their own. Call it in `beforeAll`.
 *
 * In this process, because a catalog (zod schemas and functions) cannot be handed to another one, and because the tests
 * then run on the sources. The gateway is loaded by its name at run time: a lib may not import a service, and a
 * reference of builds from here to the gateway would make a circle with the gateway's own tests.
 */
export async function startTandem({ catalog, services, env = {} }: TandemOptions): Promise<TestTandem> {
  const [nats, postgres, issuer] = await Promise.all([testNats(), testPostgres(), testIssuer()]);
  const storageDir = mkdtempSync(join(tmpdir(), 'tandem-objects-'));
  atEndOfFile(() => rmSync(storageDir, { recursive: true, force: true }));
  const failures: string[] = [];
  const loggerOf = (name: string) =>
    createLogger(name, { write: (line) => void (JSON.parse(line).level === 'error' && failures.push(line)) });
  const lifecycle = new Lifecycle(loggerOf('test'));
  const stop = atEndOfFile(() => lifecycle.stop('the tests are over'));
  const environment = {
    PORT: '0',
    ADMIN_PORT: '0',
    NATS_URL: nats.url,
    DATABASE_URL: postgres.url,
    STORAGE_DIR: storageDir,
    IMAGE_CACHE_DIR: join(storageDir, 'images'),
    JWKS_URL: issuer.jwksUrl,
    JWT_ISSUER: issuer.issuer,
    // Tests ask far more often than people do.
    RATE_LIMIT_PER_MINUTE: '0',
    ...env,
  };
  const { GatewayConfig, startGateway } = await loadGateway();
  const { url } = await startGateway(loadConfig(GatewayConfig, environment), catalog, loggerOf('gateway'), lifecycle);
  for (const [name, start] of Object.entries(services)) await start(environment, catalog, loggerOf(name), lifecycle);
  const newCaller = async (claims?: Parameters<TestIssuer['token']>[0]) => new Caller(url, await issuer.token(claims));
  const { submit, finished, run, upload, download } = await newCaller();
  return {
    url,
    token: issuer.token,
    newCaller,
    nats,
    postgres,
    failures,
    stop,
    submit,
    finished,
    run,
    upload,
    download,
  };
}

type GatewayModules = {
  GatewayConfig: z.ZodObject;
  startGateway(config: object, catalog: Catalog, logger: Logger, lifecycle: Lifecycle): Promise<{ url: string }>;
};

async function loadGateway(): Promise<GatewayModules> {
  const [config, start] = await Promise.all(
    ['@tandem/gateway/config', '@tandem/gateway/start-gateway'].map((name) => import(name)),
  );
  return { ...config, ...start };
}
