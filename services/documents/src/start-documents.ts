import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { Catalog } from '@tandem/contracts/catalog';
import { connectNats } from '@tandem/messaging/connection';
import { JetStreamStrategy } from '@tandem/messaging/jetstream-strategy';
import type { Lifecycle } from '@tandem/runtime/lifecycle';
import type { Safeguards } from '@tandem/runtime/safeguards';
import { Stragglers } from '@tandem/runtime/stragglers';
import type { ObjectStore } from '@tandem/storage/object-store';
import { type Logger, NestLogger } from '@tandem/telemetry/logger';
import { PagePool } from './browsers/page-pool.js';
import { documentsAtOnce } from './browsers/pool-options.js';
import type { DocumentsConfig } from './config.js';
import { DocumentsModule } from './documents.module.js';
import { LayoutEngine } from './layout/layout-engine.js';
import { PageWorkshop } from './pdf/page-workshop.js';
import { PdfWorkshop } from './pdf/pdf-workshop.js';
import { answerPreviewTemplate } from './preview-template.js';
import { DocumentRenderer } from './render/document-renderer.js';
import { TemplateFiller } from './templates/template-filler.js';
import { OBJECT_STORE } from './tokens.js';

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
    problem: () => app.get(PagePool).problem ?? app.get(PdfWorkshop).problem,
  });
  const app = await NestFactory.createMicroservice(DocumentsModule.register(config, connection, logger), {
    strategy,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  const previews = answerPreviewTemplate({
    connection,
    store: app.get<ObjectStore>(OBJECT_STORE),
    filler: app.get(TemplateFiller),
    renderer: app.get(DocumentRenderer),
    layouts: app.get(LayoutEngine),
    workshop: app.get(PageWorkshop),
    concurrency: documentsAtOnce(config),
    logger,
    stragglers: new Stragglers(logger, safeguards.giveUp),
  });
  lifecycle.onStop('documents work', config.DOCUMENTS_GRACE_S * 1_000 + 7_000, async () => {
    const grace = config.DOCUMENTS_GRACE_S * 1_000;
    await Promise.all([strategy.drain(grace), previews.drain(grace)]);
    await app.close();
  });
}
