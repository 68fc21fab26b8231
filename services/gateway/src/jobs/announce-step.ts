import type { JobStep, LiveMessage } from '@tandem/contracts/job';
import { liveSubject } from '@tandem/contracts/subjects';
import type { Connection } from '@tandem/messaging/connection';

/**
 * Tells followers of a job of its newest step. It stands in the ledger by then, with all before it: followers read those from
 * there, so what they fetch next agrees with what they heard.
 */
export function announceStep(connection: Connection, jobId: string, step: JobStep): void {
  if (!connection.up()) return;
  connection.nc.publish(liveSubject(jobId), JSON.stringify({ step } satisfies LiveMessage));
}
