import type { Catalog } from '@tandem/contracts/catalog';
import type { Connection } from '@tandem/messaging/connection';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import { dispatched } from '@tandem/telemetry/metrics';
import { contextFromTraceParent } from '@tandem/telemetry/propagation';
import type { Pool } from 'pg';
import type { JobPublication } from './publish-jobs.js';
import { PUBLISHABLE, type PublishableJob, publicationOf } from './publishable-job.js';
import type { TenantWindows } from './tenant-windows.js';

const CORRECT_EVERY_MS = 1_000;
const AT_ONCE = 500;

// Per tenant and command its urgent jobs first, then the oldest. The lease brings them back should this process die before
// the broker has them.
const RELEASE = `
  WITH chosen AS (
    SELECT w.id FROM json_to_recordset($1) AS k (command text, tenant text, count int)
    CROSS JOIN LATERAL (
      SELECT id FROM gateway.jobs
      WHERE waiting AND command = k.command AND tenant = k.tenant
      ORDER BY lane, id LIMIT k.count FOR UPDATE SKIP LOCKED
    ) AS w
  )
  UPDATE gateway.jobs j SET waiting = false, due_at = now() + interval '15 s'
  FROM chosen WHERE j.id = chosen.id
  RETURNING ${PUBLISHABLE}`;

const HELD = `
  SELECT command, tenant, count(*)::int AS count FROM gateway.jobs
  WHERE due_at IS NULL AND NOT waiting AND status IN ('accepted', 'running', 'retrying') GROUP BY command, tenant`;

// A loose index scan: one step for every command and tenant that waits, however many jobs each has.
const WAITING = `
  WITH RECURSIVE key AS (
    (SELECT command, tenant FROM gateway.jobs WHERE waiting ORDER BY command, tenant LIMIT 1)
    UNION ALL
    SELECT next.command, next.tenant FROM key CROSS JOIN LATERAL (
      SELECT command, tenant FROM gateway.jobs
      WHERE waiting AND (command, tenant) > (key.command, key.tenant) ORDER BY command, tenant LIMIT 1
    ) AS next
  )
  SELECT command, tenant FROM key`;

/** Publishes jobs that wait for room in their tenant's window, as soon as there is room. */
export class JobRelease {
  readonly #rounds = new Repeat(() => this.#round());
  #correctAt = 0;

  constructor(
    private readonly catalog: Catalog,
    private readonly connection: Connection,
    private readonly windows: TenantWindows,
    private readonly publication: JobPublication,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(0);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** There is room, or something new that waits. */
  wake(): void {
    this.#rounds.wake();
  }

  async #round(): Promise<number> {
    try {
      if (Date.now() >= this.#correctAt) await this.#correct();
      if (!this.connection.up()) return CORRECT_EVERY_MS;
      const free = this.windows.free();
      if (free.length > 0 && (await this.#release(free)) >= AT_ONCE) return 0;
    } catch (error) {
      this.log.warn({ err: error }, 'jobs that wait were not released, trying again');
      return CORRECT_EVERY_MS;
    }
    return Math.max(1, this.#correctAt - Date.now());
  }

  async #correct(): Promise<void> {
    const [held, waiting] = await Promise.all([
      this.pool.query<{ command: string; tenant: string; count: number }>(HELD),
      this.pool.query<{ command: string; tenant: string }>(WAITING),
    ]);
    this.windows.correct(held.rows, waiting.rows, (command, tenant) => this.publication.unmarked(command, tenant));
    this.#correctAt = Date.now() + CORRECT_EVERY_MS;
  }

  /** How many were released. */
  async #release(free: { command: string; tenant: string; count: number }[]): Promise<number> {
    let left = AT_ONCE;
    const asked = free.flatMap(({ command, tenant, count }) => {
      const share = Math.min(count, left);
      left -= share;
      return share > 0 ? [{ command, tenant, count: share }] : [];
    });
    const { rows } = await this.pool.query<PublishableJob>(RELEASE, [JSON.stringify(asked)]);
    const released = Map.groupBy(rows, ({ command, tenant }) => `${command} ${tenant}`);
    for (const { command, tenant, count } of asked) {
      const got = released.get(`${command} ${tenant}`)?.length ?? 0;
      this.windows.add(command, tenant, got);
      if (got < count) this.windows.emptied(command, tenant);
    }
    dispatched.inc({ reason: 'window' }, rows.length);
    for (const job of rows) {
      const publication = publicationOf(job, this.catalog);
      if (publication) void this.publication.publish(publication, contextFromTraceParent(job.trace_parent));
    }
    return rows.length;
  }
}
