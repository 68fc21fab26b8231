import type { JobStep, LiveMessage } from '@tandem/contracts/job';
import { liveSubject } from '@tandem/contracts/subjects';
import type { Connection } from '@tandem/messaging/connection';

/** Tells followers of a job of steps that stand in the ledger, so what they fetch next agrees with what they heard. */
export function announceSteps(connection: Connection, jobId: string, steps: JobStep[]): void {
  if (!connection.up()) return;
  for (const step of steps) connection.nc.publish(liveSubject(jobId), JSON.stringify({ step } satisfies LiveMessage));
}
