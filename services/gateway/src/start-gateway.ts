import 'reflect-metadata';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Catalog } from '@tandem/contracts/catalog';
import { ALL_JOB_EVENTS } from '@tandem/contracts/subjects';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { readEventBatches } from '@tandem/messaging/event-batches';
import { provisionCommandConsumers, provisionStreams } from '@tandem/messaging/streams';
import { openDatabase, poolOf } from '@tandem/persistence/database';
import { startAdminServer } from '@tandem/runtime/admin-server';
import type { Lifecycle } from '@tandem/runtime/lifecycle';
import { openStore } from '@tandem/storage/open-store';
import { type Logger, NestLogger } from '@tandem/telemetry/logger';
import { registry } from '@tandem/telemetry/metrics';
import type { FastifyInstance } from 'fastify';
import { CallbackDelivery } from './callbacks/deliver-callbacks.js';
import type { GatewayConfig } from './config.js';
import { type Foundations, GatewayModule } from './gateway.module.js';
import { Health } from './health/check-health.js';
import { acceptBodies } from './http/bodies.js';
import { harden } from './http/harden.js';
import { refusePath } from './http/problem-filter.js';
import { refuseConnection } from './http/refuse-connection.js';
import { observeRequests } from './http/request-telemetry.js';
import { verifierOf } from './identity/verifier-of.js';
import { DiskCache } from './images/disk-cache.js';
import { ImageCache } from './images/image-cache.js';
import { ImageService } from './images/serve-image.js';
import { BulkReplays } from './jobs/bulk-replays.js';
import { JobCancellation } from './jobs/cancel-jobs.js';
import { JobCounter } from './jobs/count-jobs.js';
import { JobDispatcher } from './jobs/dispatch-jobs.js';
import { JobFollower } from './jobs/follow-job.js';
import { JobRetention } from './jobs/forget-jobs.js';
import { SCHEMA } from './jobs/job-row.js';
import { CommandPauses } from './jobs/pause-commands.js';
import { ReportProjection } from './jobs/project-reports.js';
import { JobPublication } from './jobs/publish-jobs.js';
import { JobReconciliation, LEDGER_CONSUMER } from './jobs/reconcile-jobs.js';
import { JobRelease } from './jobs/release-jobs.js';
import { CommandSubmission } from './jobs/submit-command.js';
import { LedgerAndObjects1763700000000 } from './migrations/1-ledger-and-objects.js';
import { OptionsBatchesAndCounts1763800000000 } from './migrations/2-options-batches-and-counts.js';
import { Callbacks1763910000000 } from './migrations/3-callbacks.js';
import { ObjectsThatEnd1763920000000 } from './migrations/4-objects-that-end.js';
import { Presets1764000100000 } from './migrations/5-presets.js';
import { SupabaseGrants1764000200000 } from './migrations/6-supabase-grants.js';
import { Templates1764100000000 } from './migrations/7-templates.js';
import { ObjectEntity } from './objects/object.entity.js';
import { OBJECT_ROUNDS } from './objects/object-parts.js';
import { readPresetFile } from './presets/preset-file.js';
import { answerGetTemplate } from './templates/answer-template.js';
import { TemplateFinder } from './templates/find-templates.js';
import { TemplatePurge } from './templates/purge-templates.js';
import { shareTemplates } from './templates/share-templates.js';
import { ResumableUploads } from './uploads/resumable-uploads.js';

/** Events that one projection takes at most: 500 were the best trade of latency and throughput on two cores. */
const PROJECTION_BATCH = 500;

const MIGRATIONS = [
  LedgerAndObjects1763700000000,
  OptionsBatchesAndCounts1763800000000,
  Callbacks1763910000000,
  ObjectsThatEnd1763920000000,
  Presets1764000100000,
  SupabaseGrants1764000200000,
  Templates1764100000000,
];

/** A running gateway. */
export interface Gateway {
  url: string;
  adminPort: number;
}

/**
 * Connects, provisions, starts; every step registers how it is undone with `lifecycle`, which drains in reverse: first
 * no new requests, then no dispatch and no projection, then the connections.
 */
export async function startGateway(
  config: GatewayConfig,
  catalog: Catalog,
  logger: Logger,
  lifecycle: Lifecycle,
): Promise<Gateway> {
  const declaredPresets = await readPresetFile(config.PRESETS_FILE);
  const database = await openDatabase({
    url: config.DATABASE_URL,
    schema: SCHEMA,
    entities: [ObjectEntity],
    migrations: MIGRATIONS,
    poolSize: config.DATABASE_POOL,
    prepare: config.DATABASE_PREPARE,
  });
  lifecycle.onStop('database', 5_000, () => database.destroy());
  await shareTemplates(config.TEMPLATES_DIR, poolOf(database), logger);
  const connection = await connectNats(config.NATS_URL, 'gateway');
  lifecycle.onStop('nats', 5_000, () => connection.nc.drain());
  const provision = async () => {
    await provisionStreams(connection.nc, config.NATS_REPLICAS);
    for (const command of catalog.all()) await provisionCommandConsumers(connection.nc, command);
  };
  await provision();
  const store = await openStore(config);
  const verifier = verifierOf(config);
  const imageDisk = await openImageDisk(config, logger);
  const foundations = { config, catalog, database, connection, store, verifier, declaredPresets, imageDisk, logger };
  const app = await createApp(foundations);
  lifecycle.onStop('image cache', 5_000, () => app.get(ImageCache).flush());
  const templates = answerGetTemplate({ connection, store, finder: app.get(TemplateFinder), logger });
  lifecycle.onStop('templates', 5_000, () => templates.drain(4_000));
  await startLedger(app, connection, logger, lifecycle);
  const margin = config.RECONCILE_MARGIN_S * 1_000;
  const reconciliation = new JobReconciliation(catalog, connection, provision, poolOf(database), margin, logger);
  reconciliation.start();
  lifecycle.onStop('reconciliation', 5_000, () => reconciliation.stop());
  const adminPort = await startAdmin(app, config, lifecycle);
  await listen(app, config);
  lifecycle.onStop('requests', 15_000, () => app.close());
  lifecycle.onStop('followers', 1_000, async () => app.get(JobFollower).stop());
  return { url: await app.getUrl(), adminPort };
}

function openImageDisk(config: GatewayConfig, logger: Logger): Promise<DiskCache> | undefined {
  const { IMAGE_CACHE_DIR: dir = join(dirname(config.STORAGE_DIR), 'images'), IMAGE_CACHE_MB: megabytes } = config;
  return megabytes > 0 ? DiskCache.open(dir, megabytes * 1_000_000, logger) : undefined;
}

async function listen(app: NestFastifyApplication, { PORT, HOST }: GatewayConfig): Promise<void> {
  try {
    await app.listen(PORT, HOST);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new Error(`PORT: ${PORT} is taken. Stop what uses it, or choose another port; 0 takes any free one.`, {
      cause,
    });
  }
}

async function createApp(foundations: Foundations): Promise<NestFastifyApplication> {
  const { config, logger } = foundations;
  const adapter = new FastifyAdapter({
    trustProxy: config.TRUST_PROXY,
    bodyLimit: config.OBJECT_MAX_MB * 1_000_000,
    forceCloseConnections: 'idle',
    // A peer that neither sends nor reads for so long is gone. Event streams beat every 15 s, a wait lasts 60 s at most.
    connectionTimeout: 120_000,
    frameworkErrors: refusePath,
    clientErrorHandler: refuseConnection,
  });
  const server = adapter.getInstance() as unknown as FastifyInstance;
  observeRequests(server);
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.register(foundations), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(logger),
  });
  app.get(CommandSubmission).route(server, foundations.catalog);
  app.get(ResumableUploads).route(server);
  app.get(ImageService).route(server);
  await acceptBodies(server, config.OBJECT_MAX_MB * 1_000_000);
  await harden(server, config.CORS_ORIGINS);
  const pages = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  await server.register(fastifyStatic, {
    root: pages,
    prefix: '/docs/',
    allowedPath: (path) => /\.(css|js)$/.test(path),
  });
  return app;
}

async function startLedger(
  app: NestFastifyApplication,
  connection: Connection,
  log: Logger,
  lifecycle: Lifecycle,
): Promise<void> {
  const projection = app.get(ReportProjection);
  const events = await readEventBatches(
    connection,
    { durable: LEDGER_CONSUMER, filter: ALL_JOB_EVENTS, size: PROJECTION_BATCH, log },
    (batch) => projection.apply(batch),
  );
  lifecycle.onStop('projection', 5_000, () => events.stop());
  const publication = app.get(JobPublication);
  lifecycle.onStop('publications', 5_000, () => publication.flush());
  for (const part of [
    JobRelease,
    JobDispatcher,
    JobCancellation,
    BulkReplays,
    CommandPauses,
    JobCounter,
    JobRetention,
    CallbackDelivery,
    TemplatePurge,
    ...OBJECT_ROUNDS,
  ]) {
    const rounds = app.get<{ start(): void; stop(): Promise<void> }>(part);
    rounds.start();
    lifecycle.onStop(part.name, 5_000, () => rounds.stop());
  }
}

async function startAdmin(app: NestFastifyApplication, config: GatewayConfig, lifecycle: Lifecycle): Promise<number> {
  const health = app.get(Health);
  const admin = await startAdminServer({
    port: config.ADMIN_PORT,
    host: config.HOST,
    ready: () => health.ready(),
    metrics: () => registry.metrics(),
    contentType: registry.contentType,
  });
  lifecycle.onStop('admin', 1_000, () => admin.close());
  return admin.port;
}
