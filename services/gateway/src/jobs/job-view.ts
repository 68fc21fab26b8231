import type { JobStep, JobView } from '@tandem/contracts/job';
import type { Job } from './job.entity.js';

/** The columns that a view needs; not the input, which may be large. */
export const VIEW_COLUMNS = [
  'id',
  'command',
  'status',
  'attempt',
  'attempts',
  'createdAt',
  'startedAt',
  'finishedAt',
  'dueAt',
  'result',
  'error',
  'traceParent',
] as const satisfies (keyof Job)[];

/** A ledger row as the API shows it. */
export function jobView(job: Pick<Job, (typeof VIEW_COLUMNS)[number]>): JobView {
  return {
    id: job.id,
    command: job.command,
    status: job.status,
    attempt: job.attempt,
    attempts: job.attempts,
    createdAt: job.createdAt.toISOString(),
    startedAt: job.startedAt?.toISOString(),
    finishedAt: job.finishedAt?.toISOString(),
    retryAt: job.status === 'retrying' ? job.dueAt?.toISOString() : undefined,
    result: job.result ?? undefined,
    error: job.status === 'failed' || job.status === 'retrying' ? (job.error ?? undefined) : undefined,
    traceId: job.traceParent?.split('-')[1],
  };
}

/** Every step of a job, beginning with its admission. */
export function jobSteps(job: Pick<Job, 'createdAt' | 'history'>): JobStep[] {
  return [{ position: 0, status: 'accepted', attempt: 0, at: job.createdAt.toISOString() }, ...job.history];
}
