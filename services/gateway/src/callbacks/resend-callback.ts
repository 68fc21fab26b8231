import { isFinal, type JobView } from '@tandem/contracts/job';
import type { Pool } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import type { JobFinder } from '../jobs/find-jobs.js';
import type { CallbackDelivery } from './deliver-callbacks.js';

// A delivery that is under way loses its claim, so its outcome does not count.
const AGAIN = `
  UPDATE gateway.callbacks
  SET status = 'pending', attempts = 0, claims = claims + 1, error = NULL, due_at = now(), delivered_at = NULL
  WHERE job = $1`;

/** Sends the callback of a job again, whatever became of it before. */
export class CallbackResend {
  constructor(
    private readonly finder: JobFinder,
    private readonly delivery: CallbackDelivery,
    private readonly pool: Pool,
  ) {}

  /** Throws a `Problem`: `not_found` for another's job, `conflict` when it has not ended or asked for no callback. */
  async again(principal: Principal, id: string): Promise<JobView> {
    const job = await this.finder.view(principal, id);
    if (!job.callback) throw new Problem('conflict', 'The job was submitted without a callback. GET it instead.');
    if (!isFinal(job.status))
      throw new Problem('conflict', `The job is ${job.status}. Its callback goes out by itself when it has ended.`);
    await this.pool.query(AGAIN, [job.id]);
    this.delivery.wake();
    return this.finder.view(principal, id);
  }
}
