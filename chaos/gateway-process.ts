// The gateway as it is, with the effect command in its catalog. Prints a line when it is ready.
import { GatewayConfig } from '@tandem/gateway/config';
import { startGateway } from '@tandem/gateway/start-gateway';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { runMain } from '@tandem/runtime/run-main';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import pino from 'pino';
import { chaosCatalog } from './effect.ts';

await runMain('gateway', async () => {
  const logger = createLogger('gateway', pino.destination(2));
  const lifecycle = new Lifecycle(logger);
  startTracing('gateway');
  lifecycle.trapSignals();
  await startGateway(loadConfig(GatewayConfig, process.env), chaosCatalog, logger, lifecycle);
  console.log('ready');
});
