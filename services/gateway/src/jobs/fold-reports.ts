import { isFinal, type JobError, type JobReport, type JobStatus, type JobStep } from '@tandem/contracts/job';

/** Position of every final state: after any run. Position 0 is `accepted`; each run adds two, its start and its end. */
export const FINAL_POSITION = 1_000_000_000;

/** What a batch of reports does to one job's row. */
export interface JobChange {
  id: string;
  status: JobStatus;
  position: number;
  run: number;
  attempt: number;
  startedAt: string;
  finishedAt: string | null;
  dueAt: string | null;
  result: unknown;
  error: JobError | null;
  steps: JobStep[];
}

/** Where a report stands in the life of its job. Positions only grow, whatever the order in which reports arrive. */
export function positionOf(report: JobReport): number {
  if (isFinal(report.state)) return FINAL_POSITION;
  return report.run * 2 - (report.state === 'running' ? 1 : 0);
}

/**
 * Folds reports into one change per job. Order and repetition within the batch make no difference. Changes are sorted by
 * id, so that two gateways lock rows in the same order.
 */
export function foldReports(reports: readonly JobReport[]): JobChange[] {
  const byJob = Map.groupBy(reports, (report) => report.jobId);
  return [...byJob.values()].map(changeOf).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function changeOf(reports: JobReport[]): JobChange {
  const byPosition = new Map<number, JobReport>();
  for (const report of reports) {
    const position = positionOf(report);
    if (!byPosition.has(position)) byPosition.set(position, report);
  }
  const ordered = [...byPosition].sort(([a], [b]) => a - b);
  const [position, last] = ordered.at(-1)!;
  return {
    id: last.jobId,
    status: last.state,
    position,
    run: last.run,
    attempt: attemptsBegun(last),
    startedAt: ordered[0]![1].startedAt,
    finishedAt: isFinal(last.state) ? last.at : null,
    dueAt: last.state === 'retrying' ? (last.dueAt ?? last.at) : null,
    result: last.result,
    error: last.error ?? null,
    steps: stepsOf(ordered.map(([, report]) => report)),
  };
}

function attemptsBegun(report: JobReport): number {
  const used = report.attemptUsed !== false && report.state !== 'expired';
  return used ? report.attempt : report.attempt - 1;
}

/** The steps that reports stand for. The end of a run stands for its start as well, which may never have been reported. */
function stepsOf(reports: JobReport[]): JobStep[] {
  const steps = new Map<number, JobStep>();
  for (const report of reports) {
    const { run, attempt, worker, startedAt, at, state, error } = report;
    const start = run * 2 - 1;
    // A run that a cancellation or an expiry ended may not have begun; if it did, it said so itself.
    if (state !== 'cancelled' && state !== 'expired')
      steps.set(start, { position: start, status: 'running', attempt, at: startedAt, run, worker });
    const position = positionOf(report);
    if (position === start) continue;
    steps.set(position, { position, status: state, attempt, at, run, worker, ...(error ? { error } : {}) });
  }
  return [...steps.values()].sort((a, b) => a.position - b.position);
}
