// The services of images and documents as they are, and beside them a worker of the effect command. Prints a line when all are
// ready.

import { DocumentsConfig } from '@tandem/documents/config';
import { startDocuments } from '@tandem/documents/start-documents';
import { MediaConfig } from '@tandem/media/config';
import { startMedia } from '@tandem/media/start-media';
import { connectNats } from '@tandem/messaging/connection';
import type { CommandContext } from '@tandem/messaging/handler';
import { JetStreamStrategy } from '@tandem/messaging/jetstream-strategy';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import pino from 'pino';
import { chaosCatalog, effectHandler, TakeEffect } from './effect.ts';

const CONCURRENCY = 20;
const GRACE_MS = 5_000;

await runMain('worker', async () => {
  const logger = createLogger('worker', pino.destination(2));
  const lifecycle = new Lifecycle(logger);
  startTracing('worker');
  lifecycle.trapSignals();
  const config = loadConfig(MediaConfig, process.env);
  await startMedia(config, chaosCatalog, logger, lifecycle);
  await startDocuments(loadConfig(DocumentsConfig, process.env), chaosCatalog, logger, lifecycle);

  const worker = process.env.WORKER_NAME!;
  const connection = await connectNats(config.NATS_URL, worker);
  lifecycle.onStop('nats', 5_000, () => connection.nc.drain());
  const options = { service: TakeEffect.service, worker, catalog: chaosCatalog, connection, logger };
  const strategy = new JetStreamStrategy({ ...options, concurrency: CONCURRENCY });
  const handle = effectHandler(process.env.EFFECTS_URL!, worker);
  strategy.addHandler(TakeEffect.type, (context: CommandContext<typeof TakeEffect>) => handle(context));
  await new Promise<void>((resolve, reject) => {
    void strategy.listen((error) => (error ? reject(error) : resolve()));
  });
  lifecycle.onStop('effects', GRACE_MS + 2_000, () => strategy.drain(GRACE_MS));
  console.log('ready');
});
