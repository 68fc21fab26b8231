import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Catalog } from '@tandem/contracts/catalog';
import { defineCommand } from '@tandem/contracts/command';
import { Envelope } from '@tandem/contracts/envelope';
import { JobReport } from '@tandem/contracts/job';
import { ALL_JOB_EVENTS, cancelSubject, durableName, LANES, STREAMS } from '@tandem/contracts/subjects';
import { createLogger } from '@tandem/telemetry/logger';
import { eventually } from '@tandem/testing/eventually';
import { testNats } from '@tandem/testing/servers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Cancellations } from './cancellations.js';
import { CommandPublisher, type Publication } from './command-publisher.js';
import { CommandWorker } from './command-worker.js';
import { type Connection, connectNats } from './connection.js';
import type { CommandContext } from './handler.js';
import { JobReporter } from './job-reporter.js';
import { Rejected, RetryLater } from './outcome.js';
import { provisionCommandConsumers, provisionStreams } from './streams.js';

const Probe = defineCommand('probe.run', {
  summary: 'A command for tests',
  input: z.object({ n: z.number() }),
  output: z.unknown(),
  timeout: '60s',
  attempts: 2,
  scope: 'probe:run',
});
/** The same, of which a run may not take long. */
const Brief = { ...Probe, timeoutMs: 400 };
type Handle = (context: CommandContext<typeof Probe>) => Promise<unknown>;

const log = createLogger('test', { write: () => undefined });
let server: Awaited<ReturnType<typeof testNats>>;
let connection: Connection;
let reports: JobReport[];
let stops: (() => Promise<void>)[];

beforeAll(async () => {
  server = await testNats();
});
afterAll(async () => server?.stop());

beforeEach(async () => {
  connection = await connectNats(server.url, 'test');
  await provisionStreams(connection.nc);
  const manager = await jetstreamManager(connection.nc);
  for (const { name } of Object.values(STREAMS)) await manager.streams.purge(name);
  reports = [];
  stops = [];
  connection.nc.subscribe(ALL_JOB_EVENTS, {
    callback: (_error, message) => {
      reports.push(JobReport.parse(Envelope.parse(message.json()).data));
    },
  });
});

afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
  await connection.nc.close();
});

async function startWorker(
  handle: Handle,
  concurrency = 4,
  command = Probe,
): Promise<{ worker: CommandWorker; abort: AbortController }> {
  const abort = new AbortController();
  const cancellations = new Cancellations(connection, log);
  await cancellations.start();
  const environment = {
    command,
    handler: handle as never,
    reporter: new JobReporter(connection.nc),
    cancellations,
    worker: 'w1',
    stopping: abort.signal,
  };
  const worker = new CommandWorker(connection, environment, concurrency, log);
  await worker.start();
  stops.push(async () => {
    await worker.drain();
    await cancellations.stop();
  });
  return { worker, abort };
}

/** A handler that remembers how many ran side by side. */
class Crowd {
  most = 0;
  #running = 0;

  readonly handle = async () => {
    this.#running += 1;
    this.most = Math.max(this.most, this.#running);
    await new Promise((resolve) => setImmediate(resolve));
    this.#running -= 1;
    return {};
  };
}

let sequence = 0;
async function publish(over: Partial<Publication> = {}): Promise<string> {
  sequence += 1;
  const jobId = `0191f6a0-0000-7000-8000-${String(sequence).padStart(12, '0')}`;
  await new CommandPublisher(connection.nc).publish({
    jobId,
    tenant: 't',
    actor: 'a',
    command: Probe,
    input: { n: sequence },
    run: 1,
    attempt: 1,
    attempts: 2,
    lane: 'normal',
    ...over,
  });
  return jobId;
}

async function ending(jobId: string): Promise<JobReport> {
  return eventually(() => {
    const report = reports.find((each) => each.jobId === jobId && each.state !== 'running');
    if (!report) throw new Error(`no ending of ${jobId} yet`);
    return report;
  });
}

/** Cancels a job as the gateway does. */
async function cancel(jobId: string): Promise<void> {
  await jetstream(connection.nc).publish(cancelSubject(jobId));
}

async function pending(): Promise<number> {
  const manager = await jetstreamManager(connection.nc);
  return (await manager.streams.info(STREAMS.commands.name)).state.messages;
}

describe('a worker', () => {
  test('reports the result, then removes the command', async () => {
    await startWorker(async ({ data }) => ({ doubled: data.n * 2 }));
    const id = await publish();
    expect(await ending(id)).toMatchObject({ state: 'succeeded', run: 1, attempt: 1, worker: 'w1' });
    expect(reports.map(({ state }) => state)).toEqual(['succeeded']);
    await eventually(async () => expect(await pending()).toBe(0));
  });

  test('announces a run that takes its time', async () => {
    let finish: () => void = () => undefined;
    await startWorker(
      () =>
        new Promise((resolve) => {
          finish = () => resolve({});
        }),
    );
    const id = await publish();
    await eventually(() => expect(reports.map(({ state }) => state)).toEqual(['running']));
    finish();
    expect((await ending(id)).startedAt).toBe(reports[0]?.at);
  });

  test('runs no more than its concurrency at once, and all in the end', async () => {
    const crowd = new Crowd();
    await startWorker(crowd.handle, 3);
    const ids = await Promise.all(Array.from({ length: 200 }, () => publish()));
    for (const id of ids) await ending(id);
    expect(crowd.most).toBe(3);
  });

  test('runs commands that came back again and again one at a time', async () => {
    await provisionCommandConsumers(connection.nc, Probe);
    const ids = await Promise.all(Array.from({ length: 5 }, () => publish()));
    const consumer = await jetstream(connection.nc).consumers.get(STREAMS.commands.name, durableName(Probe));
    for (let delivery = 1; delivery <= 2; delivery += 1) {
      for await (const message of await consumer.fetch({ max_messages: 5, expires: 5_000 })) message.nak();
    }
    const crowd = new Crowd();
    await startWorker(crowd.handle);
    for (const id of ids) expect((await ending(id)).state).toBe('succeeded');
    expect(crowd.most).toBe(1);
    // Others run side by side again afterwards.
    const trusted = await Promise.all(Array.from({ length: 50 }, () => publish()));
    for (const id of trusted) await ending(id);
    expect(crowd.most).toBeGreaterThan(1);
  });

  test('ends a rejected job at once, with its code and detail', async () => {
    await startWorker(async () => {
      throw new Rejected('image_unreadable', 'The file ends too early.');
    });
    expect(await ending(await publish())).toMatchObject({
      state: 'failed',
      error: { code: 'image_unreadable', detail: 'The file ends too early.' },
    });
  });

  test('asks for a retry that uses no attempt when the handler asks for later', async () => {
    await startWorker(async () => {
      throw new RetryLater(60_000);
    });
    const report = await ending(await publish());
    expect(report).toMatchObject({ state: 'retrying', attemptUsed: false });
    expect(Date.parse(report.dueAt!) - Date.parse(report.at)).toBe(60_000);
  });

  test('hides the message of an unexpected error, and retries while attempts are left', async () => {
    await startWorker(async () => {
      throw new Error('password=hunter2');
    });
    const first = await ending(await publish());
    expect(first).toMatchObject({ state: 'retrying', attemptUsed: true, error: { code: 'internal' } });
    expect(JSON.stringify(reports)).not.toContain('hunter2');
    const last = await ending(await publish({ attempt: 2, run: 2 }));
    expect(last).toMatchObject({ state: 'failed', error: { code: 'internal' } });
  });

  test('aborts the handler by its signal when the time is over', async () => {
    let aborted = false;
    await startWorker(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason);
          });
        }),
      4,
      Brief,
    );
    expect(await ending(await publish())).toMatchObject({ state: 'retrying', error: { code: 'timeout' } });
    expect(aborted).toBe(true);
  });

  test('ends an attempt after the time that its submission allows', async () => {
    await startWorker(
      ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    );
    const report = await ending(await publish({ timeoutMs: 40 }));
    expect(report).toMatchObject({ state: 'retrying', error: { code: 'timeout' } });
    expect(report.error?.detail).toContain('0.04 s');
  });

  test('waits between attempts as the submission says', async () => {
    await startWorker(async () => {
      throw new Error('no');
    });
    const report = await ending(await publish({ backoff: { kind: 'fixed', base: '30s', max: '5m' } }));
    expect(Date.parse(report.dueAt!) - Date.parse(report.at)).toBe(30_000);
  });

  test('takes jobs of every lane', async () => {
    await startWorker(async () => ({}));
    for (const lane of LANES) expect((await ending(await publish({ lane }))).state).toBe('succeeded');
  });

  test('aborts a running job that is cancelled, and reports it so', async () => {
    const begun = Promise.withResolvers<void>();
    await startWorker(({ signal }) => {
      begun.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const id = await publish();
    await begun.promise;
    await cancel(id);
    expect(await ending(id)).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } });
  });

  test('does not run a job that was cancelled before the worker was there', async () => {
    const ids = [await publish(), await publish()];
    await cancel(ids[0]!);
    const ran: number[] = [];
    await startWorker(async ({ data }) => {
      ran.push(data.n);
      return {};
    });
    expect((await ending(ids[0]!)).state).toBe('cancelled');
    expect((await ending(ids[1]!)).state).toBe('succeeded');
    expect(ran).toEqual([sequence]);
  });

  test('does not run a job that has expired', async () => {
    await startWorker(async () => ({}));
    const report = await ending(await publish({ expiresAt: new Date(Date.now() - 1) }));
    expect(report).toMatchObject({ state: 'expired', error: { code: 'expired' } });
  });

  test('goes on when the store of nats-server was wiped', async () => {
    await startWorker(async () => ({}));
    await ending(await publish());
    await server.wipe();
    await eventually(() => provisionStreams(connection.nc));
    expect((await ending(await eventually(() => publish()))).state).toBe('succeeded');
    await eventually(async () => expect(await pending()).toBe(0));
  });

  test('removes a message that is no command, and goes on', async () => {
    await startWorker(async () => ({}));
    await jetstream(connection.nc).publish('cmd.probe.run.normal', 'not json');
    await ending(await publish());
    await eventually(async () => expect(await pending()).toBe(0));
  });

  test('that drains finishes what runs and hands back what has not begun', async () => {
    let finish: () => void = () => undefined;
    const begun = new Promise<void>((started) => {
      void startWorker(async () => {
        started();
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return {};
      }, 1);
    });
    const first = await publish();
    await begun;
    const waiting = await publish();
    const drained = stops[0]!();
    finish();
    await drained;
    expect((await ending(first)).state).toBe('succeeded');
    expect(reports.some(({ jobId }) => jobId === waiting)).toBe(false);
    await startWorker(async () => ({}));
    expect((await ending(waiting)).state).toBe('succeeded');
  });

  test('that must stop now hands the running command back without an outcome', async () => {
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const { abort } = await startWorker(
      ({ signal }) =>
        new Promise((_, reject) => {
          begin();
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    const id = await publish();
    await begun;
    abort.abort(new Error('shutdown'));
    await stops[0]!();
    await startWorker(async () => ({}));
    expect((await ending(id)).state).toBe('succeeded');
  });

  test('goes on after nats-server was killed and started again', async () => {
    await startWorker(async () => ({}));
    await ending(await publish());
    await server.kill();
    await server.restart();
    await eventually(() => expect(connection.up()).toBe(true));
    const id = await eventually(() => publish());
    expect((await ending(id)).state).toBe('succeeded');
  });
});

describe('provisioning', () => {
  test('is idempotent', async () => {
    await provisionStreams(connection.nc);
    await provisionStreams(connection.nc);
  });

  test('refuses a stream whose settings lose work, and says how to mend it', async () => {
    const other = await testNats();
    const foreign = await connectNats(other.url, 'test');
    const manager = await jetstreamManager(foreign.nc);
    await manager.streams.add({ name: 'COMMANDS', subjects: ['cmd.>'] });
    await expect(provisionStreams(foreign.nc)).rejects.toThrow(/COMMANDS has retention "limits".*nats stream edit/);
    await foreign.nc.close();
    await other.stop();
  });

  test('a catalog that names the probe owns it', () => {
    expect(new Catalog([Probe]).ownedBy('probe')).toEqual([Probe]);
  });
});
