import type { CommandEnvelope } from '@tandem/contracts/envelope';
import type { JobError, JobReport } from '@tandem/contracts/job';
import type { Backoff } from '@tandem/contracts/job-options';
import { backoff } from './backoff.js';
import type { Clock } from './clock.js';
import { AttemptFailed, Rejected, RetryLater } from './outcome.js';

/** How a run ended, before the attempts left are counted. */
export type Outcome =
  | { state: 'succeeded'; result: unknown }
  | { state: 'rejected'; error: JobError }
  | { state: 'postponed'; afterMs: number; detail: string }
  | { state: 'failed-attempt'; error: JobError }
  | { state: 'ended'; as: 'cancelled' | 'expired'; error: JobError };

/** The run was stopped by a shutdown: no outcome, another worker takes it. */
export class HandedBack {}

/** Somebody who may do so cancelled the job; the reason with which its handler's signal aborts. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';

  constructor() {
    super('The job was cancelled.');
  }
}

/** Text that JSON in PostgreSQL can hold: no U+0000 and no half of a surrogate pair. */
function storable(detail: string): string {
  return detail.toWellFormed().replaceAll('\0', '\ufffd');
}

/** Reads what a handler threw. An unexpected error's own message may hold secrets, so it is not shown. */
export function outcomeOf(error: unknown): Outcome {
  if (error instanceof Rejected)
    return { state: 'rejected', error: { code: error.code, detail: storable(error.detail) } };
  if (error instanceof RetryLater)
    return { state: 'postponed', afterMs: error.afterMs, detail: storable(error.detail) };
  if (error instanceof AttemptFailed) {
    return { state: 'failed-attempt', error: { code: error.code, detail: storable(error.detail) } };
  }
  if (error instanceof Cancelled) {
    return { state: 'ended', as: 'cancelled', error: { code: 'cancelled', detail: error.message } };
  }
  if (error instanceof Error && error.name === 'TimedOut') {
    return { state: 'failed-attempt', error: { code: 'timeout', detail: error.message } };
  }
  return {
    state: 'failed-attempt',
    error: { code: 'internal', detail: 'The service failed unexpectedly; its log has the cause.' },
  };
}

type Ending = Pick<JobReport, 'state' | 'at' | 'result' | 'error' | 'dueAt' | 'attemptUsed'>;

/** What the ledger is told: a failed attempt is retried while attempts are left, after a wait that `policy` gives. */
export function reportOf(
  outcome: Outcome,
  { attempt, attempts }: Pick<CommandEnvelope, 'attempt' | 'attempts'>,
  clock: Clock,
  policy?: Backoff,
): Ending {
  const now = clock.now();
  const at = new Date(now).toISOString();
  const due = (ms: number) => new Date(now + ms).toISOString();
  switch (outcome.state) {
    case 'succeeded':
      return { state: 'succeeded', at, result: outcome.result };
    case 'rejected':
      return { state: 'failed', at, error: outcome.error };
    case 'ended':
      return { state: outcome.as, at, error: outcome.error };
    case 'postponed':
      return {
        state: 'retrying',
        at,
        error: { code: 'unavailable', detail: outcome.detail },
        dueAt: due(outcome.afterMs),
        attemptUsed: false,
      };
    case 'failed-attempt':
      if (attempt >= attempts) return { state: 'failed', at, error: outcome.error };
      return {
        state: 'retrying',
        at,
        error: outcome.error,
        dueAt: due(backoff(attempt, policy, clock.random)),
        attemptUsed: true,
      };
  }
}
