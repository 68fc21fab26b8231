import { catalog } from '@tandem/contracts/catalog';
import { startAdminServer } from '@tandem/runtime/admin-server';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { supervised } from '@tandem/runtime/safeguards';
import { createLogger } from '@tandem/telemetry/logger';
import { registry, startDefaultMetrics } from '@tandem/telemetry/metrics';
import { startTracing } from '@tandem/telemetry/tracing';
import { DocumentsConfig } from './config.js';
import { startDocuments } from './start-documents.js';

await runMain('documents', async () => {
  const config = loadConfig(DocumentsConfig, process.env);
  const logger = createLogger('documents');
  const lifecycle = new Lifecycle(logger);
  const tracing = startTracing('documents');
  startDefaultMetrics();
  lifecycle.trapSignals();
  lifecycle.onStop('tracing', 3_000, () => tracing.shutdown());
  await startDocuments(config, catalog, logger, lifecycle, supervised('documents', lifecycle));
  const admin = await startAdminServer({
    port: config.ADMIN_PORT,
    host: config.ADMIN_HOST,
    ready: () => true,
    metrics: () => registry.metrics(),
    contentType: registry.contentType,
  });
  lifecycle.onStop('admin', 1_000, () => admin.close());
  logger.info({ adminPort: admin.port }, 'documents ready');
});
