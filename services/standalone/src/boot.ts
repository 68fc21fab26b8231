import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AuthConfig } from '@tandem/auth/config';
import { startAuth } from '@tandem/auth/start-auth';
import { catalog } from '@tandem/contracts/catalog';
import { DocumentsConfig } from '@tandem/documents/config';
import { startDocuments } from '@tandem/documents/start-documents';
import { startNats } from '@tandem/embedded/nats';
import { startPostgres } from '@tandem/embedded/postgres';
import { GatewayConfig } from '@tandem/gateway/config';
import { startGateway } from '@tandem/gateway/start-gateway';
import { MediaConfig } from '@tandem/media/config';
import { startMedia } from '@tandem/media/start-media';
import { loadConfig } from '@tandem/runtime/config';
import type { Lifecycle } from '@tandem/runtime/lifecycle';
import type { Logger } from '@tandem/telemetry/logger';
import type { StandaloneConfig } from './config.js';
import { developmentSecret } from './development-secret.js';

const EXAMPLES = join(import.meta.dirname, '../../../examples');

type Environment = Record<string, string | undefined>;

/** Where a booted Tandem can be reached. */
export interface Booted {
  url: string;
  metricsUrl: string;
}

/** Runs one step of the boot and says so. */
export type Step = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** Boots the servers that are not configured, then every service, in this one process. */
export async function boot(
  config: StandaloneConfig,
  environment: Environment,
  { loggerOf, lifecycle, step }: { loggerOf: (service: string) => Logger; lifecycle: Lifecycle; step: Step },
): Promise<Booted> {
  const data = resolve(config.TANDEM_DATA);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const database = config.DATABASE_URL ?? (await step('PostgreSQL', () => postgres(data, lifecycle)));
  const nats = config.NATS_URL ?? (await step('NATS JetStream', () => natsServer(config, data, lifecycle)));
  const identity =
    config.SUPABASE_URL || config.JWKS_URL
      ? {}
      : await step('auth', () => issuer(config, environment, loggerOf('auth'), lifecycle));
  const shared: Environment = {
    ...environment,
    ...identity,
    PORT: String(config.PORT),
    ADMIN_PORT: String(config.ADMIN_PORT),
    DATABASE_URL: database,
    // Our own PostgreSQL has no pooler in front.
    DATABASE_PREPARE: environment.DATABASE_PREPARE ?? (config.DATABASE_URL ? undefined : 'true'),
    NATS_URL: nats,
    PRESETS_FILE: environment.PRESETS_FILE ?? join(EXAMPLES, 'presets.json'),
    TEMPLATES_DIR: environment.TEMPLATES_DIR ?? join(EXAMPLES, 'templates'),
    SIGNING_KEYS: environment.SIGNING_KEYS ?? `development:${await developmentSecret(data, 'signing')}`,
    CALLBACK_SECRETS: environment.CALLBACK_SECRETS ?? webhookSecret(await developmentSecret(data, 'callbacks')),
    STORAGE_DIR: environment.STORAGE_DIR ?? join(data, 'objects'),
    IMAGE_CACHE_DIR: environment.IMAGE_CACHE_DIR ?? join(data, 'images'),
  };
  await step('media', () => startMedia(loadConfig(MediaConfig, shared), catalog, loggerOf('media'), lifecycle));
  await step('documents', () =>
    startDocuments(loadConfig(DocumentsConfig, shared), catalog, loggerOf('documents'), lifecycle),
  );
  const gateway = await step('gateway', () =>
    startGateway(loadConfig(GatewayConfig, shared), catalog, loggerOf('gateway'), lifecycle),
  );
  return { url: gateway.url, metricsUrl: `http://127.0.0.1:${gateway.adminPort}/metrics` };
}

/** A secret as Standard Webhooks writes it. */
function webhookSecret(base64url: string): string {
  return `whsec_${Buffer.from(base64url, 'base64url').toString('base64')}`;
}

async function postgres(data: string, lifecycle: Lifecycle): Promise<string> {
  const server = await startPostgres({ dataDir: join(data, 'postgres') });
  lifecycle.onStop('PostgreSQL', 10_000, () => server.stop());
  return server.url;
}

async function natsServer(config: StandaloneConfig, data: string, lifecycle: Lifecycle): Promise<string> {
  const server = await startNats({ storeDir: join(data, 'nats'), binary: config.NATS_SERVER_BIN });
  lifecycle.onStop('NATS', 10_000, () => server.stop());
  return server.url;
}

async function issuer(
  config: StandaloneConfig,
  environment: Environment,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<Environment> {
  const settings = { ...environment, AUTH_PORT: '0', JWT_ISSUER: config.JWT_ISSUER, TANDEM_DATA: config.TANDEM_DATA };
  const auth = await startAuth(loadConfig(AuthConfig, settings), logger);
  lifecycle.onStop('auth', 2_000, () => auth.close());
  return { JWKS_URL: `${auth.url}/auth/v1/.well-known/jwks.json`, JWT_ISSUER: config.JWT_ISSUER };
}
