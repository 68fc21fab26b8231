import type { JobError, JobStep } from '@tandem/contracts/job';
import type { Connection } from '@tandem/messaging/connection';
import { jobsFinished } from '@tandem/telemetry/metrics';
import type { Pool } from 'pg';
import { announceStep } from './announce-step.js';
import { FINAL_POSITION } from './fold-reports.js';

/** How the ledger itself ends a job that does not run. */
export type Ending = 'cancelled' | 'expired';

const ERRORS: Record<Ending, JobError> = {
  cancelled: { code: 'cancelled', detail: 'The job was cancelled.' },
  expired: { code: 'expired', detail: 'The job had not begun when it expired.' },
};

/** What the assignments of {@link ENDED_BY_LEDGER} return, for the step that followers hear of. */
export interface EndedJob {
  id: string;
  command: string;
  attempt: number;
  finished_at: Date;
}

/** The assignments that end a job of which `condition` holds; `$1` and `$2` are {@link endingValues}. */
export const ENDED_BY_LEDGER = (condition: string) => {
  const values = {
    status: '$1',
    position: `${FINAL_POSITION}`,
    moved_at: 'now()',
    finished_at: 'now()',
    due_at: 'NULL',
    waiting: 'false',
    error: '$2::json',
    history: `history || json_build_object('position', ${FINAL_POSITION}, 'status', $1::text, 'attempt', attempt,
      'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))`,
  };
  return Object.entries(values)
    .map(([column, value]) => `${column} = CASE WHEN ${condition} THEN ${value} ELSE ${column} END`)
    .join(', ');
};

/** The first two parameters of a statement with {@link ENDED_BY_LEDGER}. */
export function endingValues(ending: Ending): [string, string] {
  return [ending, JSON.stringify(ERRORS[ending])];
}

/** The step that {@link ENDED_BY_LEDGER} wrote. */
export function stepOf({ attempt, finished_at }: EndedJob, ending: Ending): JobStep {
  return { position: FINAL_POSITION, status: ending, attempt, at: finished_at.toISOString() };
}

/** Ends the jobs that `which` selects: SQL for what follows WHERE, its first parameter `$3`. */
export async function endJobs(
  pool: Pool,
  connection: Connection,
  ending: Ending,
  which: string,
  values: unknown[],
): Promise<void> {
  const { rows } = await pool.query<EndedJob>(
    `UPDATE gateway.jobs SET ${ENDED_BY_LEDGER('true')}
     WHERE id IN (SELECT id FROM gateway.jobs WHERE ${which} FOR UPDATE SKIP LOCKED)
     RETURNING id, command, attempt, finished_at`,
    [...endingValues(ending), ...values],
  );
  for (const job of rows) {
    jobsFinished.inc({ command: job.command, status: ending, error_type: ending });
    announceStep(connection, job.id, stepOf(job, ending));
  }
}
