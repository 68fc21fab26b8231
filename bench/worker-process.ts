// A worker of the probe command, whose handler returns at once. Prints a line when it is ready.
import { connectNats } from '@tandem/messaging/connection';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import { startProbeWorker } from '@tandem/testing/probe';
import pino from 'pino';

const logger = createLogger('worker', pino.destination(2));
const lifecycle = new Lifecycle(logger);
startTracing('worker');
lifecycle.trapSignals();
const connection = await connectNats(process.env.NATS_URL!, 'worker');
const { drain } = await startProbeWorker(connection, logger, undefined, Number(process.env.WORKER_CONCURRENCY ?? 100));
lifecycle.onStop('worker', 5_000, drain);
console.log('ready');
