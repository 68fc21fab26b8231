// A worker of the command bench.run, which waits as long as the input says. Prints a line when it works.
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandWorker } from '@tandem/messaging/command-worker';
import { connectNats } from '@tandem/messaging/connection';
import type { CommandContext } from '@tandem/messaging/handler';
import { JobReporter } from '@tandem/messaging/job-reporter';
import type { RunHandler } from '@tandem/messaging/run-command';
import { Lifecycle } from '@tandem/runtime/lifecycle';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import pino from 'pino';
import { Bench } from './commands.ts';

const logger = createLogger('worker', pino.destination(2));
const lifecycle = new Lifecycle(logger);
startTracing('worker');
lifecycle.trapSignals();
const connection = await connectNats(process.env.NATS_URL!, 'worker');
const handler = async ({ data }: CommandContext<typeof Bench>) => {
  await sleep(data.takes);
  return {};
};
const environment = {
  command: Bench,
  handler: handler as RunHandler,
  reporter: new JobReporter(connection.nc),
  worker: 'bench',
  stopping: new AbortController().signal,
};
const worker = new CommandWorker(connection, environment, Number(process.env.WORKER_CONCURRENCY), logger);
await worker.start();
lifecycle.onStop('worker', 5_000, () => worker.drain());
console.log('ready');
