import { startAdminServer } from '@tandem/runtime/admin-server';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { supervised } from '@tandem/runtime/safeguards';
import { createLogger } from '@tandem/telemetry/logger';
import { registry, startDefaultMetrics } from '@tandem/telemetry/metrics';
import { startTracing } from '@tandem/telemetry/tracing';
import { catalog } from './catalog.js';
import { TemplateConfig } from './config.js';
import { startTemplate } from './start-template.js';

await runMain('template', async () => {
  const config = loadConfig(TemplateConfig, process.env);
  const logger = createLogger('template');
  const lifecycle = new Lifecycle(logger);
  const tracing = startTracing('template');
  startDefaultMetrics();
  lifecycle.trapSignals();
  lifecycle.onStop('tracing', 3_000, () => tracing.shutdown());
  await startTemplate(config, catalog, logger, lifecycle, supervised('template', lifecycle));
  const admin = await startAdminServer({
    port: config.ADMIN_PORT,
    host: config.ADMIN_HOST,
    ready: () => true,
    metrics: () => registry.metrics(),
    contentType: registry.contentType,
  });
  lifecycle.onStop('admin', 1_000, () => admin.close());
  logger.info({ adminPort: admin.port }, 'template ready');
});
