import { isFinal, type JobError, type JobRun, type JobStatus, type JobStep, type JobView } from '@tandem/contracts/job';
import type { JobChange } from './fold-reports.js';
import { laneOf } from './job-row.js';

/** The columns that a view needs; not the input, which may be large. */
export const VIEW_COLUMNS = `
  id, command, status, attempt, attempts, lane, tags, parent, batch, replay_of AS "replayOf", replayed_by AS "replayedBy",
  created_at AS "createdAt", run_at AS "runAt", expires_at AS "expiresAt", started_at AS "startedAt",
  finished_at AS "finishedAt", due_at AS "dueAt", cancel_requested_at AS "cancelRequestedAt", result, error,
  trace_parent AS "traceParent"`;

/** {@link VIEW_COLUMNS} as they come from the database. */
export interface ViewRow {
  id: string;
  command: string;
  status: JobStatus;
  attempt: number;
  attempts: number;
  lane: number;
  tags: string[];
  parent: string | null;
  batch: string | null;
  replayOf: string | null;
  replayedBy: string | null;
  createdAt: Date;
  runAt: Date | null;
  expiresAt: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  dueAt: Date | null;
  cancelRequestedAt: Date | null;
  result: unknown;
  error: JobError | null;
  traceParent: string | null;
}

/** A ledger row as the API shows it. */
export function jobView(job: ViewRow, history?: JobStep[]): JobView {
  const traceId = job.traceParent?.split('-')[1];
  return {
    id: job.id,
    command: job.command,
    status: job.status,
    attempt: job.attempt,
    attempts: job.attempts,
    priority: laneOf(job.lane),
    tags: job.tags.length > 0 ? job.tags : undefined,
    parent: job.parent ?? undefined,
    batch: job.batch ?? undefined,
    replayOf: job.replayOf ?? undefined,
    replayedBy: job.replayedBy ?? undefined,
    createdAt: job.createdAt.toISOString(),
    runAt: job.runAt?.toISOString(),
    expiresAt: job.expiresAt?.toISOString(),
    startedAt: job.startedAt?.toISOString(),
    finishedAt: job.finishedAt?.toISOString(),
    retryAt: job.status === 'retrying' ? job.dueAt?.toISOString() : undefined,
    cancelRequestedAt: isFinal(job.status) ? undefined : job.cancelRequestedAt?.toISOString(),
    result: job.result ?? undefined,
    error: job.status === 'succeeded' || job.status === 'running' ? undefined : (job.error ?? undefined),
    traceId,
    runs: history && runsOf(history, traceId),
  };
}

/**
 * What {@link jobView} would show of a job whose whole life after its admission is one change; undefined when it is not, as
 * when its start was projected before.
 */
export function endedView(accepted: JobView, change: JobChange): JobView | undefined {
  if (change.steps[0]?.position !== 1) return undefined;
  const { status, attempt, startedAt, finishedAt, result, error, steps } = change;
  return {
    ...accepted,
    status,
    attempt,
    startedAt,
    finishedAt: finishedAt ?? undefined,
    result: result ?? undefined,
    error: error ?? undefined,
    runs: runsOf(steps, accepted.traceId),
  };
}

/** Every step of a job, beginning with its admission. */
export function jobSteps(job: { createdAt: Date; history: JobStep[] }): JobStep[] {
  return [{ position: 0, status: 'accepted', attempt: 0, at: job.createdAt.toISOString() }, ...job.history];
}

/** The runs that the steps of a job tell of. A run whose start was never reported has none, and is not shown. */
export function runsOf(history: JobStep[], traceId?: string): JobRun[] {
  const runs = new Map<number, JobRun>();
  for (const { run, worker, status, attempt, at, error } of history) {
    if (run === undefined || worker === undefined) continue;
    if (status === 'running') runs.set(run, { attempt, status, startedAt: at, worker, traceId });
    else {
      const started = runs.get(run);
      if (started) runs.set(run, { ...started, status, endedAt: at, ...(error ? { error } : {}) });
    }
  }
  return [...runs.values()];
}
