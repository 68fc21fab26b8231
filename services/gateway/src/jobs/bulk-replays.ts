import type { Catalog } from '@tandem/contracts/catalog';
import { transaction } from '@tandem/persistence/transaction';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';
import { z } from 'zod';
import { requireScope } from '../http/caller.js';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { isUuid, type JobFinder } from './find-jobs.js';
import { JobFilter, ownerOf, searchOf } from './job-filter.js';
import { newJobId } from './job-id.js';
import type { JobReplay } from './replay-jobs.js';

/** Which of the dead letters to replay. */
export const ReplayFilter = JobFilter.extend({ status: z.enum(['failed', 'cancelled', 'expired']).default('failed') });
export type ReplayFilter = z.output<typeof ReplayFilter>;

/** A replay of many jobs, as the API shows it. */
export const ReplayView = z
  .object({
    id: z.uuid(),
    status: z.enum(['running', 'finished', 'aborted']),
    filter: z.record(z.string(), z.unknown()),
    matched: z.int().meta({ description: 'Jobs that matched when it began' }),
    replayed: z.int().meta({ description: 'Jobs replayed so far' }),
    createdAt: z.iso.datetime(),
    finishedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Replay' });
export type ReplayView = z.infer<typeof ReplayView>;

const PAGE = 500;
const MOST = 1_000_000;
const LOOK_EVERY_MS = 1_000;

interface ReplayRow {
  id: string;
  tenant: string;
  actor: string;
  own: boolean;
  filter: ReplayFilter;
  status: ReplayView['status'];
  matched: number;
  replayed: number;
  cursor: string | null;
  created_at: Date;
  finished_at: Date | null;
}

// The lease lets another gateway go on where one died; the page that it was at is rolled back whole.
const CLAIM = `
  UPDATE gateway.replays SET lease_until = now() + interval '30 s'
  WHERE id = (
    SELECT id FROM gateway.replays WHERE status = 'running' AND lease_until <= now()
    ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED
  )
  RETURNING *`;

const ADVANCE = `
  UPDATE gateway.replays SET replayed = replayed + $2, cursor = $3, lease_until = now(),
    status = CASE WHEN $4 THEN 'finished' ELSE status END, finished_at = CASE WHEN $4 THEN now() END
  WHERE id = $1 AND status = 'running'`;

const ABORT = `UPDATE gateway.replays SET status = 'aborted', finished_at = now() WHERE id = $1 AND status = 'running'`;

class Aborted extends Error {}

/** Replays all jobs of a filter, page by page, in the background; any gateway goes on where another stopped. */
export class BulkReplays {
  readonly #rounds = new Repeat(() => this.#round());

  constructor(
    private readonly catalog: Catalog,
    private readonly finder: JobFinder,
    private readonly replay: JobReplay,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(LOOK_EVERY_MS);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** How many jobs a replay of `filter` would do again; nothing is done. Throws as {@link begin}. */
  async count(principal: Principal, filter: ReplayFilter): Promise<number> {
    this.#requireScopes(principal, filter);
    return this.finder.countUnreplayed(principal.tenant, ownerOf(principal), filter, MOST);
  }

  /** Throws a `Problem` `forbidden` when the caller may not do again what the filter may find. */
  async begin(principal: Principal, filter: ReplayFilter): Promise<ReplayView> {
    const { rows } = await this.pool.query<ReplayRow>(
      'INSERT INTO gateway.replays (id, tenant, actor, own, filter, matched) VALUES ($1, $2, $3, $4, $5, $6) RETURNING *',
      [
        newJobId(),
        principal.tenant,
        principal.actor,
        ownerOf(principal) !== null,
        JSON.stringify(filter),
        await this.count(principal, filter),
      ],
    );
    this.#rounds.wake();
    return viewOf(rows[0]!);
  }

  /** Throws a `Problem` `not_found` for one that does not exist or is another's. */
  async view(principal: Principal, id: string): Promise<ReplayView> {
    const sql = 'SELECT * FROM gateway.replays WHERE id = $1 AND tenant = $2 AND ($3::text IS NULL OR actor = $3)';
    const values = [id, principal.tenant, ownerOf(principal)];
    const row = isUuid(id) ? (await this.pool.query<ReplayRow>(sql, values)).rows[0] : undefined;
    if (!row) throw new Problem('not_found', 'There is no such replay, or it is not yours.');
    return viewOf(row);
  }

  /** What was replayed stays so; the rest is left. */
  async abort(principal: Principal, id: string): Promise<ReplayView> {
    await this.view(principal, id);
    await this.pool.query(ABORT, [id]);
    return this.view(principal, id);
  }

  /** Doing a job again needs the right to do it; without a command in the filter it may be any. */
  #requireScopes(principal: Principal, { command }: ReplayFilter): void {
    const commands = this.catalog.all().filter(({ type }) => command === undefined || command === type);
    for (const { scope } of commands) requireScope(principal, scope);
  }

  async #round(): Promise<number> {
    try {
      const { rows } = await this.pool.query<ReplayRow>(CLAIM);
      if (!rows[0]) return LOOK_EVERY_MS;
      await this.#replayPage(rows[0]);
      return 0;
    } catch (error) {
      if (error instanceof Aborted) return 0;
      this.log.warn({ err: error }, 'replay interrupted, trying again');
      return LOOK_EVERY_MS;
    }
  }

  async #replayPage(bulk: ReplayRow): Promise<void> {
    const { source, check, values } = searchOf(bulk.tenant, bulk.own ? bulk.actor : null, bulk.filter);
    const bound = `$${values.push(bulk.cursor ?? bulk.id)}`;
    const page = await this.pool.query<{ id: string }>(
      `SELECT id FROM (SELECT j.* ${source} AND j.id < ${bound} ORDER BY j.id DESC) AS job
       WHERE ${check ?? 'true'} AND replayed_by IS NULL LIMIT ${PAGE}`,
      values,
    );
    const ids = page.rows.map(({ id }) => id);
    const jobs = await transaction(this.pool, async (client) => {
      const copied = await this.replay.copy(client, 'id = ANY($1)', [ids]);
      const isLast = ids.length < PAGE;
      const { rowCount } = await client.query(ADVANCE, [bulk.id, copied.length, ids.at(-1) ?? bulk.cursor, isLast]);
      if (!rowCount) throw new Aborted();
      return copied;
    });
    this.replay.start(jobs);
  }
}

function viewOf(row: ReplayRow): ReplayView {
  return {
    id: row.id,
    status: row.status,
    filter: row.filter,
    matched: row.matched,
    replayed: row.replayed,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString(),
  };
}
