import { z } from 'zod';
import { CallbackView } from './callback.js';
import { ERROR_CODES } from './errors.js';
import { defineEvent } from './event.js';
import { LANES } from './subjects.js';

/** Why an attempt or a job failed. `detail` is safe to show to the caller. */
export const JobError = z.object({ code: z.enum(ERROR_CODES), detail: z.string() });
export type JobError = z.infer<typeof JobError>;

/** States that a job can be in. The last four are final. */
export const JobStatus = z.enum(['accepted', 'running', 'retrying', 'succeeded', 'failed', 'cancelled', 'expired']);
export type JobStatus = z.infer<typeof JobStatus>;

const FINAL: ReadonlySet<JobStatus> = new Set(['succeeded', 'failed', 'cancelled', 'expired']);

/** True when a job in `status` never changes again. */
export function isFinal(status: JobStatus): boolean {
  return FINAL.has(status);
}

/**
 * What a worker says of one run of a job. A run is one publication of the command; an attempt is a run that counted
 * against the job's attempts (a `RetryLater` run does not).
 */
export const JobReport = z.object({
  command: z.string(),
  jobId: z.uuid(),
  run: z.int().positive(),
  attempt: z.int().positive(),
  state: z.enum(['running', 'retrying', 'succeeded', 'failed', 'cancelled', 'expired']),
  at: z.iso.datetime(),
  /** When the handler started, so that a report is complete even if the `running` one was lost. */
  startedAt: z.iso.datetime(),
  worker: z.string(),
  /** When the command was handed to the broker; with `startedAt` it tells how long it waited for a worker. */
  publishedAt: z.iso.datetime().optional(),
  result: z.unknown().optional(),
  error: JobError.optional(),
  /** For `retrying`: when the next run is due. */
  dueAt: z.iso.datetime().optional(),
  /** For `retrying`: false when the run used no attempt. */
  attemptUsed: z.boolean().optional(),
});
export type JobReport = z.infer<typeof JobReport>;

/** Published by the messaging library for every run; read by the ledger. */
export const JobReported = defineEvent('job.reported', {
  summary: 'A worker started or ended a run of a job',
  data: JobReport,
});

/** One entry of a job's history, as `GET /v1/jobs/{id}/events` streams it. */
export const JobStep = z.object({
  /** Grows with every step of a job; the `id` of its server-sent event. */
  position: z.int().nonnegative(),
  status: JobStatus,
  attempt: z.int().nonnegative(),
  at: z.iso.datetime(),
  /** The run that this step belongs to, and who ran it; absent for what the ledger did itself. */
  run: z.int().positive().optional(),
  worker: z.string().optional(),
  error: JobError.optional(),
});
export type JobStep = z.infer<typeof JobStep>;

/** How far a running job is. Throttled, best effort, never stored. */
export const JobProgress = z.object({ fraction: z.number().min(0).max(1), message: z.string().optional() });
export type JobProgress = z.infer<typeof JobProgress>;

/** What followers of one job receive on core NATS. */
export const LiveMessage = z.union([z.object({ progress: JobProgress }), z.object({ step: JobStep })]);
export type LiveMessage = z.infer<typeof LiveMessage>;

/** One run of a job's handler. A run that `RetryLater` or a shutdown ended uses no attempt. */
export const JobRun = z.object({
  attempt: z.int().positive(),
  status: JobStatus.meta({ description: 'running, or what the run ended as' }),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().optional(),
  worker: z.string(),
  error: JobError.optional(),
  traceId: z.string().optional(),
});
export type JobRun = z.infer<typeof JobRun>;

/** A job as `GET /v1/jobs/{id}` shows it. Times are RFC 3339 in UTC. */
export const JobView = z
  .object({
    id: z.uuid(),
    command: z.string(),
    status: JobStatus,
    attempt: z.int().nonnegative().meta({ description: 'Attempts begun so far' }),
    attempts: z.int().positive().meta({ description: 'Attempts before the job is failed' }),
    priority: z.enum(LANES),
    tags: z.array(z.string()).optional(),
    parent: z.uuid().optional(),
    batch: z.uuid().optional(),
    replayOf: z.uuid().optional().meta({ description: 'The failed job that this one does again' }),
    replayedBy: z.uuid().optional().meta({ description: 'The job that did this failed one again' }),
    createdAt: z.iso.datetime(),
    runAt: z.iso.datetime().optional().meta({ description: 'Not before this time' }),
    expiresAt: z.iso.datetime().optional(),
    startedAt: z.iso.datetime().optional(),
    finishedAt: z.iso.datetime().optional(),
    retryAt: z.iso.datetime().optional(),
    cancelRequestedAt: z.iso.datetime().optional().meta({ description: 'Its worker was told to stop' }),
    result: z.unknown().optional(),
    error: JobError.optional(),
    traceId: z.string().optional(),
    callback: CallbackView.optional().meta({ description: 'Only when one job is asked for' }),
    runs: z.array(JobRun).optional().meta({ description: 'Every run so far; only when one job is asked for' }),
  })
  .meta({ id: 'Job' });
export type JobView = z.infer<typeof JobView>;
