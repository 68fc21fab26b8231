// The gateway as it is, with the commands of the benchmarks in its catalog. Prints its URL when it is ready.
import { GatewayConfig } from '@tandem/gateway/config';
import { startGateway } from '@tandem/gateway/start-gateway';
import { loadConfig } from '@tandem/runtime/config';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';

import pino from 'pino';
import { benchCatalog } from './commands.ts';

const logger = createLogger('gateway', pino.destination(2));
const lifecycle = new Lifecycle(logger);
startTracing('gateway');
lifecycle.trapSignals();
const { url } = await startGateway(loadConfig(GatewayConfig, process.env), benchCatalog, logger, lifecycle);
console.log(url);
