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
import type { TemplateConfig } from './config.js';
import { TemplateModule } from './template.module.js';

/** Connects, binds the handlers to their consumers and starts to pull; draining is registered with `lifecycle`. */
export async function startTemplate(
  config: TemplateConfig,
  catalog: Catalog,
  logger: Logger,
  lifecycle: Lifecycle,
  safeguards: Safeguards = {},
): Promise<void> {
  const connection = await connectNats(config.NATS_URL, 'template');
  lifecycle.onStop('template nats', 5_000, () => connection.nc.drain());
  const strategy = new JetStreamStrategy({
    service: 'template',
    worker: `template@${hostname()}:${randomUUID().slice(0, 8)}`,
    catalog,
    connection,
    logger,
    concurrency: config.TEMPLATE_CONCURRENCY,
    replicas: config.NATS_REPLICAS,
    safeguards,
  });
  const app = await NestFactory.createMicroservice(TemplateModule.register(config), {
    strategy,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  lifecycle.onStop('template work', config.TEMPLATE_GRACE_S * 1_000 + 7_000, async () => {
    await strategy.drain(config.TEMPLATE_GRACE_S * 1_000);
    await app.close();
  });
}
