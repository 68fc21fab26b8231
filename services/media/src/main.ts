import { catalog } from '@tandem/contracts/catalog';
import { startAdminServer } from '@tandem/runtime/admin-server';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { supervised } from '@tandem/runtime/safeguards';
import { createLogger } from '@tandem/telemetry/logger';
import { registry, startDefaultMetrics } from '@tandem/telemetry/metrics';
import { startTracing } from '@tandem/telemetry/tracing';
import { MediaConfig } from './config.js';
import { startMedia } from './start-media.js';

await runMain('media', async () => {
  const config = loadConfig(MediaConfig, process.env);
  const logger = createLogger('media');
  const lifecycle = new Lifecycle(logger);
  const tracing = startTracing('media');
  startDefaultMetrics();
  lifecycle.trapSignals();
  lifecycle.onStop('tracing', 3_000, () => tracing.shutdown());
  await startMedia(config, catalog, logger, lifecycle, supervised('media', lifecycle));
  const admin = await startAdminServer({
    port: config.ADMIN_PORT,
    host: config.ADMIN_HOST,
    ready: () => true,
    metrics: () => registry.metrics(),
    contentType: registry.contentType,
  });
  lifecycle.onStop('admin', 1_000, () => admin.close());
  logger.info({ adminPort: admin.port }, 'media ready');
});
