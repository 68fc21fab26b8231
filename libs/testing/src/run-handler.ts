import type { CommandDefinition, OutputOf } from '@tandem/contracts/command';
import type { CommandEnvelope } from '@tandem/contracts/envelope';
import type { JobError, JobProgress, JobReport } from '@tandem/contracts/job';
import { parseTolerant } from '@tandem/contracts/parse';
import type { CommandContext, CommandHandler, JobContext } from '@tandem/messaging/handler';
import { type RunHandler, runCommand } from '@tandem/messaging/run-command';
import { extractTrace } from '@tandem/telemetry/propagation';
import { z } from 'zod';
import { TestClock } from './test-clock.js';

/** A handler under test: an instance of its class, or the function alone. */
export type HandlerOf<C extends CommandDefinition> = CommandHandler<C> | CommandHandler<C>['handle'];

/** What a handler is run with. */
export interface HandlerRunOptions<C extends CommandDefinition> {
  /** The input as a caller posts it; defaults are filled in. */
  data: z.input<C['input']>;
  /** What differs from the first attempt of a job of tenant `acme`, with a fixed id and the command's attempts. */
  job?: Partial<JobContext>;
  /** How often the command was delivered, this time included. More than 1 stands for workers that died. */
  deliveries?: number;
  clock?: TestClock;
}

/** How a run ended, and what it told the rest of the system. */
export interface HandlerRun<C extends CommandDefinition> {
  /** What becomes of the job; `handed-back` means that a shutdown gave it to another worker. */
  outcome: Exclude<JobReport['state'], 'running'> | 'handed-back';
  result?: OutputOf<C>;
  /** What the caller sees of a failure. */
  error?: JobError;
  /** What the operator sees of it: the error that the handler threw, or zod's when its result breaks the declaration. */
  cause?: unknown;
  /** For `retrying`: when the next run is due (RFC 3339), and whether this one counted as an attempt. */
  dueAt?: string;
  attemptUsed?: boolean;
  /** Every call of `progress`. Followers hear at most four of them a second. */
  progress: JobProgress[];
  /** What the ledger is told, as it goes over the wire. The start is told only of runs that take 100 ms or more. */
  reports: JobReport[];
}

/** A run that has begun. */
export interface RunningHandler<C extends CommandDefinition> {
  readonly clock: TestClock;
  /** Resolves when the run has ended; never rejects for what the handler throws. */
  readonly ended: Promise<HandlerRun<C>>;
  /** Lets `ms` milliseconds pass without waiting for them; `command.timeoutMs` of them reach the timeout. */
  advance(ms: number): Promise<void>;
  /** Tells the run that the process stops now, as when the grace time of a SIGTERM is over. */
  shutDown(): Promise<HandlerRun<C>>;
}

/**
 * Runs a handler once, as a worker would: by the messaging library's own `runCommand`, without servers. Input and result
 * are checked and pass through JSON. Rejects with a `TypeError` for `data` that the gateway would refuse.
 */
export async function runHandler<C extends CommandDefinition>(
  command: C,
  handler: HandlerOf<C>,
  options: HandlerRunOptions<C>,
): Promise<HandlerRun<C>> {
  return startHandler(command, handler, options).ended;
}

/** Begins what {@link runHandler} does, and hands out the control of time and of shutdown. The handler has been entered. */
export function startHandler<C extends CommandDefinition>(
  command: C,
  handler: HandlerOf<C>,
  { data, job = {}, deliveries = 1, clock = new TestClock() }: HandlerRunOptions<C>,
): RunningHandler<C> {
  const stopping = new AbortController();
  const recorder = new Recorder(command, handler);
  const running = runCommand(
    {
      command,
      handler: recorder.handle as RunHandler,
      reporter: recorder.reporter,
      worker: 'test',
      stopping: stopping.signal,
      clock,
    },
    { envelope: envelopeOf(command, data, job, clock), deliveries, parent: extractTrace(() => undefined) },
  );
  const ended = running.then((finished) => recorder.run(finished));
  return {
    clock,
    ended,
    advance: (ms) => clock.advance(ms),
    shutDown: () => {
      stopping.abort(new Error('the worker is shutting down'));
      return ended;
    },
  };
}

/** Stands between the library, the handler and the ledger, and takes notes. */
class Recorder<C extends CommandDefinition> {
  readonly #progress: JobProgress[] = [];
  readonly #reports: JobReport[] = [];
  #cause: unknown;

  constructor(
    private readonly command: C,
    private readonly handler: HandlerOf<C>,
  ) {}

  readonly reporter = {
    started: (_command: CommandDefinition, _envelope: CommandEnvelope, report: JobReport) =>
      void this.#reports.push(report),
    ended: async (_command: CommandDefinition, _envelope: CommandEnvelope, report: JobReport) =>
      void this.#reports.push(report),
    progress: () => {},
  };

  readonly handle = async (context: CommandContext<C>): Promise<OutputOf<C>> => {
    const progress = (fraction: number, message?: string) => {
      this.#progress.push(message === undefined ? { fraction } : { fraction, message });
      context.progress(fraction, message);
    };
    try {
      const { handler } = this;
      const given = { ...context, progress };
      const result = await (typeof handler === 'function' ? handler(given) : handler.handle(given));
      this.#noteBadResult(result);
      return result;
    } catch (error) {
      this.#cause = error;
      throw error;
    }
  };

  run(finished: boolean): HandlerRun<C> {
    const reports = this.#reports.map(overTheWire);
    const progress = this.#progress;
    const last = reports.at(-1);
    if (!finished || !last || last.state === 'running') return { outcome: 'handed-back', progress, reports };
    const { state: outcome, result, error, dueAt, attemptUsed } = last;
    const cause = error && this.#cause;
    return { outcome, result: result as OutputOf<C>, error, cause, dueAt, attemptUsed, progress, reports };
  }

  // The library checks it too, and reports no more than `internal`.
  #noteBadResult(result: unknown): void {
    try {
      parseTolerant(this.command.output, result);
    } catch (error) {
      this.#cause = error;
    }
  }
}

function envelopeOf<C extends CommandDefinition>(
  command: C,
  data: z.input<C['input']>,
  job: Partial<JobContext>,
  clock: TestClock,
): CommandEnvelope {
  const input = command.input.safeParse(data);
  if (!input.success)
    throw new TypeError(`The gateway would refuse this input of ${command.type}:\n${z.prettifyError(input.error)}`);
  const { id = '0193b3f0-0000-7000-8000-000000000001', tenant = 'acme', actor = 'awa', attempt = 1 } = job;
  return {
    specversion: '1.0',
    id: `${id}:${attempt}`,
    source: '/gateway',
    type: command.type,
    subject: id,
    time: new Date(clock.now()).toISOString(),
    tenant,
    actor,
    correlationid: id,
    data: overTheWire(input.data),
    run: attempt,
    attempt,
    attempts: job.attempts ?? command.attempts,
    objects: job.objects && { ...job.objects },
    supabase: job.supabase,
  };
}

function overTheWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}
