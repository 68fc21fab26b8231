import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { NestFactory } from '@nestjs/core';
import type { Catalog } from '@tandem/contracts/catalog';
import { connectNats } from '@tandem/messaging/connection';
import { JetStreamStrategy } from '@tandem/messaging/jetstream-strategy';
import type { Lifecycle } from '@tandem/runtime/lifecycle';
import type { Safeguards } from '@tandem/runtime/safeguards';
import { Stragglers } from '@tandem/runtime/stragglers';
import type { ObjectStore } from '@tandem/storage/object-store';
import { type Logger, NestLogger } from '@tandem/telemetry/logger';
import type { MediaConfig } from './config.js';
import { ImageWorkshop } from './image-workshop.js';
import { MediaModule } from './media.module.js';
import { answerRenderImage } from './render-image.js';
import { OBJECT_STORE } from './tokens.js';

/** Connects, binds the handlers to their consumers and starts to pull; draining is registered with `lifecycle`. */
export async function startMedia(
  config: MediaConfig,
  catalog: Catalog,
  logger: Logger,
  lifecycle: Lifecycle,
  safeguards: Safeguards = {},
): Promise<void> {
  const connection = await connectNats(config.NATS_URL, 'media');
  lifecycle.onStop('media nats', 5_000, () => connection.nc.drain());
  const strategy = new JetStreamStrategy({
    service: 'media',
    worker: `media@${hostname()}:${randomUUID().slice(0, 8)}`,
    catalog,
    connection,
    logger,
    concurrency: config.MEDIA_CONCURRENCY || availableParallelism(),
    replicas: config.NATS_REPLICAS,
    safeguards,
  });
  const app = await NestFactory.createMicroservice(MediaModule.register(config), {
    strategy,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const workshop = app.get(ImageWorkshop);
  const allocator = await workshop.checkProcesses();
  logger.info({ allocator }, 'image processes run');
  await app.listen();
  const store = app.get<ObjectStore>(OBJECT_STORE);
  const images = answerRenderImage({
    connection,
    store,
    workshop,
    concurrency: config.MEDIA_CONCURRENCY,
    logger,
    stragglers: new Stragglers(logger, safeguards.giveUp),
  });
  lifecycle.onStop('media work', config.MEDIA_GRACE_S * 1_000 + 7_000, async () => {
    await Promise.all([strategy.drain(config.MEDIA_GRACE_S * 1_000), images.drain(config.MEDIA_GRACE_S * 1_000)]);
    await app.close();
  });
}
