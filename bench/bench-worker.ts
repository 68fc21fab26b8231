import { Cancellations } from '@tandem/messaging/cancellations';
import { CommandWorker } from '@tandem/messaging/command-worker';
import type { Connection } from '@tandem/messaging/connection';
import type { CommandContext } from '@tandem/messaging/handler';
import { JobReporter } from '@tandem/messaging/job-reporter';
import type { RunHandler } from '@tandem/messaging/run-command';
import type { Logger } from '@tandem/telemetry/logger';
import { Bench } from './commands.ts';

/** Runs a worker of {@link Bench}, put together as in a service, until the function that it returns is called. */
export async function startBenchWorker(
  connection: Connection,
  log: Logger,
  options: { concurrency: number; handler: (context: CommandContext<typeof Bench>) => Promise<object> },
): Promise<() => Promise<void>> {
  const cancellations = new Cancellations(connection, log);
  await cancellations.start();
  const environment = {
    command: Bench,
    handler: options.handler as RunHandler,
    reporter: new JobReporter(connection.nc),
    cancellations,
    worker: 'bench',
    stopping: new AbortController().signal,
  };
  const worker = new CommandWorker(connection, environment, options.concurrency, log);
  await worker.start();
  return async () => {
    await worker.drain();
    await cancellations.stop();
  };
}
