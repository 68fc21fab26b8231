import { catalog } from '@tandem/contracts/catalog';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { createLogger } from '@tandem/telemetry/logger';
import { startDefaultMetrics } from '@tandem/telemetry/metrics';
import { startTracing } from '@tandem/telemetry/tracing';
import { GatewayConfig } from './config.js';
import { startGateway } from './start-gateway.js';

await runMain('gateway', async () => {
  const config = loadConfig(GatewayConfig, process.env);
  const logger = createLogger('gateway');
  const lifecycle = new Lifecycle(logger);
  const tracing = startTracing('gateway');
  startDefaultMetrics();
  lifecycle.trapSignals();
  lifecycle.onStop('tracing', 3_000, () => tracing.shutdown());
  const gateway = await startGateway(config, catalog, logger, lifecycle);
  logger.info({ url: gateway.url }, 'gateway ready');
});
