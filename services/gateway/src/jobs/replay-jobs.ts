import type { Callback } from '@tandem/contracts/callback';
import type { Catalog } from '@tandem/contracts/catalog';
import type { JobView } from '@tandem/contracts/job';
import type { Backoff } from '@tandem/contracts/job-options';
import type { StoredObject } from '@tandem/contracts/object';
import type { SupabaseGrants } from '@tandem/contracts/supabase-grants';
import { transaction } from '@tandem/persistence/transaction';
import { jobsAdmitted } from '@tandem/telemetry/metrics';
import type { Pool, PoolClient } from 'pg';
import { requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { insertJobs, type NewJob, newJob } from './admit-job.js';
import type { JobFinder } from './find-jobs.js';
import { laneOf } from './job-row.js';
import type { JobSubmission } from './submit-job.js';

const READ = `
  SELECT id, tenant, actor, command, status, input, objects, supabase, attempts, lane, timeout_ms, backoff, tags, parent, callback
  FROM gateway.jobs`;

const OPEN = `status IN ('failed', 'cancelled', 'expired') AND replayed_by IS NULL`;

const LINK = `
  UPDATE gateway.jobs j SET replayed_by = u.replay FROM unnest($1::uuid[], $2::uuid[]) AS u (original, replay)
  WHERE j.id = u.original`;

interface Original {
  id: string;
  tenant: string;
  actor: string;
  command: string;
  status: string;
  input: unknown;
  objects: Record<string, StoredObject> | null;
  supabase: SupabaseGrants | null;
  attempts: number;
  lane: number;
  timeout_ms: number | null;
  backoff: Backoff | null;
  tags: string[];
  parent: string | null;
  callback: Callback | null;
}

/**
 * Does failed jobs again. A final state stays final: the replay is a job of its own, with the input and the options of the
 * original and an id, and so a message id, of its own; each knows the other.
 */
export class JobReplay {
  constructor(
    private readonly catalog: Catalog,
    private readonly submission: JobSubmission,
    private readonly finder: JobFinder,
    private readonly pool: Pool,
  ) {}

  /** Throws a `Problem`: `not_found` for another's job, `conflict` for one that did not fail or was replayed already. */
  async replay(principal: Principal, id: string): Promise<JobView> {
    const original = await this.finder.view(principal, id);
    const command = this.catalog.get(original.command);
    if (command) requireScope(principal, command.scope);
    if (original.replayedBy) throw new Problem('conflict', `The job was replayed already, as ${original.replayedBy}.`);
    const jobs = await transaction(this.pool, (client) => this.copy(client, `id = $1`, [id]));
    if (jobs.length === 0) {
      const detail = `The job is ${original.status}. Only a failed, cancelled or expired job can be replayed, and once.`;
      throw new Problem('conflict', detail);
    }
    this.start(jobs);
    return this.finder.view({ ...principal, ...jobs[0]!.submission.principal }, jobs[0]!.id);
  }

  /**
   * Inserts a replay of every job that `condition` selects, SQL on the columns of a job, and that was not replayed yet. Whoever
   * commits must then call {@link start}.
   */
  async copy(client: PoolClient, condition: string, values: unknown[]): Promise<NewJob[]> {
    const { rows } = await client.query<Original>(
      `${READ} WHERE ${condition} AND ${OPEN} ORDER BY id FOR UPDATE`,
      values,
    );
    const jobs = rows.flatMap((original) => this.#replayOf(original));
    const inserted = await insertJobs(client, jobs);
    const fresh = jobs.filter((_, index) => inserted[index]);
    await client.query(LINK, [fresh.map(({ submission }) => submission.replayOf), fresh.map(({ id }) => id)]);
    return fresh;
  }

  /** Hands replays to the broker that are in the ledger now. */
  start(jobs: NewJob[]): void {
    for (const { id, submission } of jobs) {
      jobsAdmitted.inc({ command: submission.command.type });
      this.submission.dispatch(id, submission);
    }
  }

  #replayOf(original: Original): NewJob[] {
    const command = this.catalog.get(original.command);
    if (!command) return [];
    const submission = {
      command,
      input: original.input,
      objects: original.objects ?? undefined,
      supabase: original.supabase ?? undefined,
      principal: { tenant: original.tenant, actor: original.actor },
      plan: {
        lane: laneOf(original.lane),
        attempts: original.attempts,
        timeoutMs: original.timeout_ms ?? undefined,
        backoff: original.backoff ?? undefined,
        tags: original.tags,
        parent: original.parent ?? undefined,
        callback: original.callback ?? undefined,
      },
      replayOf: original.id,
      // Released as the windows allow, so that ten thousand replays do not push into the broker at once.
      waiting: true,
    };
    return [newJob(submission, new Date())];
  }
}
