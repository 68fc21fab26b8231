// A worker of the command bench.run, which waits as long as the input says. Prints a line when it works.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectNats } from '@tandem/messaging/connection';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import pino from 'pino';
import { startBenchWorker } from './bench-worker.ts';

const logger = createLogger('worker', pino.destination(2));
const lifecycle = new Lifecycle(logger);
startTracing('worker');
lifecycle.trapSignals();
const connection = await connectNats(process.env.NATS_URL!, 'worker');
const drain = await startBenchWorker(connection, logger, {
  concurrency: Number(process.env.WORKER_CONCURRENCY),
  async handler({ data }) {
    await sleep(data.takes);
    return {};
  },
});
lifecycle.onStop('worker', 5_000, drain);
console.log('ready');
