import { Catalog, COMMANDS } from '@tandem/contracts/catalog';
import { defineCommand } from '@tandem/contracts/command';
import { Cancellations } from '@tandem/messaging/cancellations';
import { CommandWorker } from '@tandem/messaging/command-worker';
import type { Connection } from '@tandem/messaging/connection';
import type { CommandContext } from '@tandem/messaging/handler';
import { JobReporter } from '@tandem/messaging/job-reporter';
import { Rejected, RetryLater } from '@tandem/messaging/outcome';
import type { RunHandler } from '@tandem/messaging/run-command';
import { provisionStreams } from '@tandem/messaging/streams';
import type { Logger } from '@tandem/telemetry/logger';
import { z } from 'zod';
import { atEndOfFile } from './cleanup.js';

/** A command for tests and benchmarks. Its handler does what the input says, see {@link runProbe}. */
export const Probe = defineCommand('probe.run', {
  summary: 'Do what the input says',
  input: z.strictObject({
    behave: z.enum(['succeed', 'fail', 'fail-once', 'reject', 'later-once', 'hold']).default('succeed'),
    payload: z.string().max(100_000).default(''),
  }),
  output: z.object({ echo: z.string(), attempt: z.int() }),
  timeout: '30s',
  attempts: 3,
  scope: 'probe:run',
});

/** Tandem's catalog with the probe. */
export const probeCatalog = new Catalog([...COMMANDS, Probe]);

/** What a probe did before, by job id: how often it ran, and how often it took effect. */
export class ProbeLog {
  readonly runs = new Map<string, number>();
  readonly held = new Map<string, () => void>();

  /** The probe's handler. `hold` runs until {@link release} is called with its job id, or until it is aborted. */
  readonly handle = async ({ data, job, signal, progress }: CommandContext<typeof Probe>) => {
    const run = (this.runs.get(job.id) ?? 0) + 1;
    this.runs.set(job.id, run);
    progress(0.5, 'half');
    if (data.behave === 'reject') throw new Rejected('image_unreadable', 'The probe was told to reject.');
    if (data.behave === 'fail' || (data.behave === 'fail-once' && run === 1))
      throw new Error('the probe was told to fail');
    if (data.behave === 'later-once' && run === 1) throw new RetryLater(50);
    if (data.behave === 'hold') await this.#hold(job.id, signal);
    return { echo: data.payload, attempt: job.attempt };
  };

  release(jobId: string): void {
    this.held.get(jobId)?.();
  }

  #hold(jobId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.held.set(jobId, resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  }
}

/** Runs a worker of {@link Probe} on `connection` until `drain` is called. */
export async function startProbeWorker(connection: Connection, log: Logger, probes = new ProbeLog(), concurrency = 10) {
  const stopping = new AbortController();
  const cancellations = new Cancellations(connection, log);
  await provisionStreams(connection.nc);
  await cancellations.start();
  const environment = {
    command: Probe,
    handler: probes.handle as RunHandler,
    reporter: new JobReporter(connection.nc),
    cancellations,
    worker: 'probe@test',
    stopping: stopping.signal,
  };
  const worker = new CommandWorker(connection, environment, concurrency, log);
  await worker.start();
  const drain = atEndOfFile(async () => {
    stopping.abort(new Error('the test is over'));
    await worker.drain();
    await cancellations.stop();
  });
  return { probes, drain };
}
