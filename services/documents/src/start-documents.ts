import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { Catalog } from '@tandem/contracts/catalog';
import { connectNats } from '@tandem/messaging/connection';
import { JetStreamStrategy } from '@tandem/messaging/jetstream-strategy';
import type { Lifecycle } from '@tandem/runtime/lifecycle';
import type { Safeguards } from '@tandem/runtime/safeguards';
import { type Logger, NestLogger } from '@tandem/telemetry/logger';
import { PagePool } from './browsers/page-pool.js';
import { documentsAtOnce } from './browsers/pool-options.js';
import type { DocumentsConfig } from './config.js';
import { DocumentsModule } from './documents.module.js';

/** Connects, binds the handlers to their consumers and starts to pull; draining is registered with `lifecycle`. */
export async function startDocuments(
  config: DocumentsConfig,
  catalog: Catalog,
  logger: Logger,
  lifecycle: Lifecycle,
  safeguards: Safeguards = {},
): Promise<void> {
  const connection = await connectNats(config.NATS_URL, 'documents');
  lifecycle.onStop('documents nats', 5_000, () => connection.nc.drain());
  const strategy = new JetStreamStrategy({
    service: 'documents',
    worker: `documents@${hostname()}:${randomUUID().slice(0, 8)}`,
    catalog,
    connection,
    logger,
    concurrency: documentsAtOnce(config),
    replicas: config.NATS_REPLICAS,
    safeguards,
    problem: () => app.get(PagePool).problem,
  });
  const app = await NestFactory.createMicroservice(DocumentsModule.register(config, logger), {
    strategy,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  lifecycle.onStop('documents work', config.DOCUMENTS_GRACE_S * 1_000 + 7_000, async () => {
    await strategy.drain(config.DOCUMENTS_GRACE_S * 1_000);
    await app.close();
  });
}
