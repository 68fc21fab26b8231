import { randomUUID } from 'node:crypto';
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

// Per tenant and command its urgent jobs first, then the oldest. They go on waiting in the ledger: most report before it would be worth a
// write, and the others are noted as published by `publish-jobs.ts`. What this process has just published is passed over.
const NEXT = `
  SELECT ${PUBLISHABLE} FROM json_to_recordset($1) AS k (command text, tenant text, count int, published uuid[])
  CROSS JOIN LATERAL (
    SELECT * FROM gateway.jobs
    WHERE waiting AND command = k.command AND tenant = k.tenant AND id <> ALL (k.published)
    ORDER BY lane, id LIMIT k.count
  ) AS j`;

// One gateway releases the jobs of a tenant and command, as long as it lives: two would publish the same ones.
const OWN = `
  INSERT INTO gateway.release_owners (command, tenant, owner, until)
  SELECT command, tenant, $2, now() + interval '5 s' FROM json_to_recordset($1) AS k (command text, tenant text)
  ORDER BY command, tenant
  ON CONFLICT (command, tenant) DO UPDATE SET owner = excluded.owner, until = excluded.until
  WHERE release_owners.owner = excluded.owner OR release_owners.until < now()
  RETURNING command, tenant`;

const DISOWN = `DELETE FROM gateway.release_owners WHERE owner = $1 OR until < now() - interval '1 hour'`;

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

interface Key {
  command: string;
  tenant: string;
}

/** Publishes jobs that wait for room in their tenant's window, as soon as there is room. */
export class JobRelease {
  readonly #rounds = new Repeat(() => this.#round());
  readonly #owner = randomUUID();
  #owned = new Set<string>();
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

  /** Leaves what waits to the other gateways. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.pool.query(DISOWN, [this.#owner]).catch(() => undefined);
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
    const unnoted = (command: string, tenant: string) => this.publication.unnoted(command, tenant).size;
    this.windows.correct(held.rows, waiting.rows, unnoted);
    const owned = await this.pool.query<Key>(OWN, [JSON.stringify(waiting.rows), this.#owner]);
    this.#owned = new Set(owned.rows.map(keyOf));
    this.#correctAt = Date.now() + CORRECT_EVERY_MS;
  }

  /** Those of the keys that this gateway releases. A new one is asked for; another's is looked at again with the next correction. */
  async #own(keys: (Key & { count: number })[]): Promise<(Key & { count: number })[]> {
    const fresh = keys.filter((key) => !this.#owned.has(keyOf(key)));
    if (fresh.length > 0) {
      const { rows } = await this.pool.query<Key>(OWN, [JSON.stringify(fresh), this.#owner]);
      for (const key of rows) this.#owned.add(keyOf(key));
    }
    const owned = keys.filter((key) => this.#owned.has(keyOf(key)));
    for (const { command, tenant } of keys)
      if (!owned.some((key) => key.command === command && key.tenant === tenant)) this.windows.emptied(command, tenant);
    return owned;
  }

  /** How many were released. */
  async #release(free: (Key & { count: number })[]): Promise<number> {
    let left = AT_ONCE;
    const asked = (await this.#own(free)).flatMap((key) => {
      const count = Math.min(key.count, left);
      left -= count;
      return count > 0 ? [{ ...key, count, published: [...this.publication.unnoted(key.command, key.tenant)] }] : [];
    });
    if (asked.length === 0) return 0;
    const { rows } = await this.pool.query<PublishableJob>(NEXT, [JSON.stringify(asked)]);
    const released = Map.groupBy(rows, keyOf);
    for (const key of asked) {
      const got = released.get(keyOf(key))?.length ?? 0;
      this.windows.add(key.command, key.tenant, got);
      if (got < key.count) this.windows.emptied(key.command, key.tenant);
    }
    dispatched.inc({ reason: 'window' }, rows.length);
    for (const job of rows) {
      const publication = publicationOf(job, this.catalog);
      if (publication) void this.publication.publish(publication, contextFromTraceParent(job.trace_parent));
    }
    return rows.length;
  }
}

function keyOf({ command, tenant }: Key): string {
  return `${command} ${tenant}`;
}
