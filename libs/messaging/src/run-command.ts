import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { CommandEnvelope } from '@tandem/contracts/envelope';
import type { JobReport } from '@tandem/contracts/job';
import { parseTolerant } from '@tandem/contracts/parse';
import type { EventLoopWatchdog } from '@tandem/runtime/event-loop-watchdog';
import type { Stragglers } from '@tandem/runtime/stragglers';
import { commandDuration, commandsInFlight, queueLag } from '@tandem/telemetry/metrics';
import { tracer } from '@tandem/telemetry/tracing';
import type { Cancellations } from './cancellations.js';
import { type Clock, systemClock } from './clock.js';
import type { CommandContext } from './handler.js';
import type { JobReports } from './job-reporter.js';
import { Rejected } from './outcome.js';
import { Cancelled, HandedBack, type Outcome, outcomeOf, reportOf } from './outcome-report.js';
import { Progress } from './progress.js';

/** Deliveries beyond a job's attempts after which a worker must be presumed to die of this very job. */
const SPARE_DELIVERIES = 3;

/**
 * A run that ends sooner is reported once, by its end, which carries the start too: that halves the work of broker and
 * ledger. Nobody sees a tenth of a second, and most images are done in one.
 */
const ANNOUNCE_AFTER_MS = 100;

const REPORT_AGAIN_MS = 1_000;

/** How long a handler may take to end after its abort. */
const GRACE_MS = 10_000;

/** A handler as the strategy calls it: one argument, a promise of the result. */
export type RunHandler = (context: CommandContext<CommandDefinition>) => Promise<unknown>;

/** One delivery of a command. */
export interface Delivery {
  envelope: CommandEnvelope;
  /** 1 for the first. More means that a worker died, stalled or handed the command back. */
  deliveries: number;
  parent: Context;
}

/** What running a command needs from the process around it. */
export interface RunEnvironment {
  command: CommandDefinition;
  handler: RunHandler;
  reporter: JobReports;
  /** Of which jobs somebody has cancelled. */
  cancellations?: Pick<Cancellations, 'has' | 'watch'>;
  /** Told of handlers that go on although they were aborted. */
  stragglers?: Pick<Stragglers, 'watch'>;
  /** Told what runs, should it block the event loop. */
  watchdog?: Pick<EventLoopWatchdog, 'running'>;
  worker: string;
  /** Aborts when the process must stop now. */
  stopping: AbortSignal;
  /** The system's unless a test brings its own. */
  clock?: Clock;
}

/**
 * Runs one delivery to its outcome and reports it. Resolves when the report is stored, so the caller may acknowledge;
 * resolves to `false` when the work was handed back unfinished.
 */
export async function runCommand(
  environment: RunEnvironment,
  { envelope, deliveries, parent }: Delivery,
): Promise<boolean> {
  const { command, reporter, worker, clock = systemClock } = environment;
  const startedAt = new Date(clock.now());
  const span = tracer().startSpan(
    `process ${command.type}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: {
        'messaging.system': 'nats',
        'messaging.operation.type': 'process',
        'tandem.job.id': envelope.subject,
        'tandem.job.attempt': envelope.attempt,
      },
    },
    parent,
  );
  return context.with(trace.setSpan(parent, span), async () => {
    const base = {
      command: command.type,
      jobId: envelope.subject,
      run: envelope.run,
      attempt: envelope.attempt,
      worker,
      startedAt: startedAt.toISOString(),
      publishedAt: envelope.time,
    };
    queueLag.observe({ command: command.type }, Math.max(0, startedAt.getTime() - Date.parse(envelope.time)) / 1000);
    commandsInFlight.inc({ command: command.type });
    const started: JobReport = { ...base, state: 'running', at: base.startedAt };
    const cancelAnnouncement = clock.after(ANNOUNCE_AFTER_MS, () => reporter.started(command, envelope, started));
    try {
      const outcome = await settle(environment, envelope, deliveries).finally(cancelAnnouncement);
      if (outcome instanceof HandedBack) return false;
      const report: JobReport = {
        ...base,
        ...reportOf(outcome, envelope, clock, envelope.backoff ?? command.backoff),
      };
      commandDuration.observe(
        { command: command.type, outcome: report.state },
        (clock.now() - startedAt.getTime()) / 1000,
      );
      if (report.error) {
        span.setAttribute('error.type', report.error.code);
        span.setStatus({ code: SpanStatusCode.ERROR, message: report.error.code });
      }
      await reportUntilStored(environment, envelope, report);
      return true;
    } finally {
      commandsInFlight.dec({ command: command.type });
      span.end();
    }
  });
}

/**
 * The work is done, so the report is repeated until it is stored: JetStream may be without a leader, or the connection
 * down. Message id and position make a second copy harmless; heartbeats keep the command with this worker meanwhile.
 */
async function reportUntilStored(
  environment: RunEnvironment,
  envelope: CommandEnvelope,
  report: JobReport,
): Promise<void> {
  const { command, reporter, stopping } = environment;
  for (;;) {
    try {
      return await reporter.ended(command, envelope, report);
    } catch (error) {
      if (stopping.aborted) throw error;
      await sleep(REPORT_AGAIN_MS, undefined, { signal: stopping }).catch(() => undefined);
    }
  }
}

async function settle(
  environment: RunEnvironment,
  envelope: CommandEnvelope,
  deliveries: number,
): Promise<Outcome | HandedBack> {
  const { command, stopping, clock = systemClock } = environment;
  if (stopping.aborted) return new HandedBack();
  const refusal = refusalOf(environment, envelope, deliveries);
  if (refusal) return refusal;
  // One controller and one timer: AbortSignal.any and AbortSignal.timeout cost 20 microseconds a run.
  const abort = new AbortController();
  const limitMs = envelope.timeoutMs ?? command.timeoutMs;
  const cancelTimeout = clock.after(limitMs, () => abort.abort(new TimedOut(limitMs)));
  const stop = () => abort.abort(stopping.reason);
  stopping.addEventListener('abort', stop, { once: true });
  const progress = new Progress(envelope.subject, environment.reporter, clock);
  const done = environment.watchdog?.running(`${command.type} ${envelope.subject}`);
  const unwatch = environment.cancellations?.watch(envelope.subject, () => abort.abort(new Cancelled()));
  try {
    const work = handle(environment, { envelope, deliveries }, abort.signal, progress);
    abort.signal.addEventListener('abort', () => {
      void environment.stragglers?.watch(work, { job: envelope.subject, command: command.type, graceMs: GRACE_MS });
    });
    const result = await Promise.race([work, rejectOn(abort.signal)]);
    // The declaration is a promise to whoever reads the result; breaking it is a failed attempt like any other bug. So is a
    // result that is no JSON, which could never be reported.
    const checked = parseTolerant(command.output, result);
    JSON.stringify(checked);
    return { state: 'succeeded', result: checked };
  } catch (error) {
    if (abort.signal.reason instanceof Cancelled) return outcomeOf(abort.signal.reason);
    if (stopping.aborted) return new HandedBack();
    return outcomeOf(abort.signal.aborted ? abort.signal.reason : error);
  } finally {
    cancelTimeout();
    progress.end();
    unwatch?.();
    done?.();
    stopping.removeEventListener('abort', stop);
  }
}

/** How a run ends that must not begin. */
function refusalOf(
  { command, cancellations, clock = systemClock }: RunEnvironment,
  { subject, expiresAt }: CommandEnvelope,
  deliveries: number,
): Outcome | undefined {
  if (cancellations?.has(subject)) return outcomeOf(new Cancelled());
  if (expiresAt !== undefined && Date.parse(expiresAt) <= clock.now()) {
    const detail = `The job had not begun by ${expiresAt}, when it expired.`;
    return { state: 'ended', as: 'expired', error: { code: 'expired', detail } };
  }
  if (deliveries <= command.attempts + SPARE_DELIVERIES) return undefined;
  return outcomeOf(
    new Rejected(
      'worker_lost',
      `The worker died or stalled ${deliveries - 1} times while it ran this job, so it was given up.`,
    ),
  );
}

async function handle(
  { command, handler }: RunEnvironment,
  { envelope, deliveries }: Pick<Delivery, 'envelope' | 'deliveries'>,
  signal: AbortSignal,
  progress: Progress,
): Promise<unknown> {
  return handler({
    data: parseTolerant(command.input, envelope.data),
    job: {
      id: envelope.subject,
      tenant: envelope.tenant,
      actor: envelope.actor,
      attempt: envelope.attempt,
      attempts: envelope.attempts,
      objects: envelope.objects ?? {},
      supabase: envelope.supabase,
      again: envelope.run > 1 || deliveries > 1,
    },
    signal,
    progress: progress.report,
  });
}

/** An attempt that took longer than its command allows. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';

  constructor(readonly limitMs: number) {
    super(`The attempt took longer than the ${limitMs / 1000} s that it may take.`);
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
