import { objectKey } from '@tandem/contracts/object';
import { Repeat } from '@tandem/runtime/repeat';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';
import { deletionOf } from './delete-object.js';

/** What is kept for how long. */
export interface ObjectRetention {
  /** Days for uploads; 0 keeps them for ever. */
  uploadDays: number;
  /** Days for what jobs made; 0 keeps it for ever. */
  resultDays: number;
  /** Bytes that no object needs stay until they were stored, or stored again, so many minutes ago. */
  graceMinutes: number;
}

const EVERY_MS = 60_000;
/** What a claim knows is not acted on later than this: a paused process must not remove what has been registered meanwhile. */
const FRESH_MS = 60_000;
const PAGE = 200;

const oldest = (condition: string, order: string) =>
  deletionOf(`id IN (
    SELECT id FROM gateway.objects WHERE ${condition} ORDER BY ${order} LIMIT ${PAGE} FOR UPDATE SKIP LOCKED)`);

const EXPIRED = oldest('expires_at <= now()', 'expires_at');
const OLD_UPLOADS = oldest(`job_id IS NULL AND created_at < now() - $1 * interval '1 day'`, 'created_at');
const OLD_RESULTS = oldest(`job_id IS NOT NULL AND created_at < now() - $1 * interval '1 day'`, 'created_at');

// One snapshot tells which objects there are and which jobs are open: a job that ends is gone from the one when its objects
// are in the other. A job that the broker has may have written bytes from its last move on, and bytes of before it writes
// again; one that no worker has reported of for a day is not waited for. The claim lasts as long as young bytes have to
// wait; it tells one process from the next, and from a deletion in between.
const CLAIM = `
  WITH due AS (
    SELECT tenant, sha256 FROM gateway.loose_bytes WHERE due_at <= now() ORDER BY due_at LIMIT ${PAGE}
    FOR UPDATE SKIP LOCKED
  ), open AS (
    SELECT tenant, min(moved_at) AS since FROM gateway.jobs
    WHERE due_at IS NULL AND NOT waiting AND status IN ('accepted', 'running', 'retrying')
      AND tenant IN (SELECT tenant FROM due) AND moved_at > now() - interval '1 day'
    GROUP BY tenant
    UNION ALL
    SELECT tenant, min(moved_at) FROM gateway.jobs
    WHERE status <> 'succeeded' AND status = 'running' AND due_at IS NOT NULL
      AND tenant IN (SELECT tenant FROM due) AND moved_at > now() - interval '1 day'
    GROUP BY tenant
  )
  UPDATE gateway.loose_bytes AS l SET due_at = now() + $1 * interval '1 minute' FROM due
  WHERE l.tenant = due.tenant AND l.sha256 = due.sha256
  RETURNING l.tenant, l.sha256, l.due_at::text AS claim,
    EXISTS (SELECT FROM gateway.objects o WHERE o.tenant = l.tenant AND o.sha256 = l.sha256) AS needed,
    least(now(), (SELECT min(since) FROM open WHERE open.tenant = l.tenant)) - $1 * interval '1 minute' AS before`;

// A day longer than they are good, so that a late second use hears that there was a first.
const FORGET_LINKS = `DELETE FROM gateway.upload_links WHERE expires_at < now() - interval '1 day'`;

const SETTLE = `
  DELETE FROM gateway.loose_bytes l USING unnest($1::text[], $2::text[], $3::text[]) AS s (tenant, sha256, claim)
  WHERE l.tenant = s.tenant AND l.sha256 = s.sha256 AND l.due_at = s.claim::timestamptz`;

interface Loose {
  tenant: string;
  sha256: string;
  claim: string;
  needed: boolean;
  before: Date;
}

/**
 * Deletes objects whose time is over, and then bytes that no object needs. Any number of gateways may do so at once.
 *
 * Somebody may be storing equal bytes just then: a worker finds them there, writes nothing, and its object is registered
 * only when its report is projected. What keeps the two apart: a store makes bytes young again when they are stored again,
 * `removeOlder` takes old ones only, in one step, and old is what is older than the grace and than every open job.
 */
export class ObjectCollection {
  readonly #rounds = new Repeat(() => this.#round());
  #stopping = false;

  constructor(
    private readonly retention: ObjectRetention,
    private readonly store: ObjectStore,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(2_000);
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#rounds.stop();
  }

  /** Does what is due now; tells how many objects and how many contents went. */
  async collect(): Promise<{ objects: number; bytes: number }> {
    const { uploadDays, resultDays } = this.retention;
    let objects = await this.#deleteAll(EXPIRED);
    if (uploadDays > 0) objects += await this.#deleteAll(OLD_UPLOADS, uploadDays);
    if (resultDays > 0) objects += await this.#deleteAll(OLD_RESULTS, resultDays);
    await this.pool.query(FORGET_LINKS);
    return { objects, bytes: await this.#removeBytes() };
  }

  async #round(): Promise<number> {
    try {
      const { objects, bytes } = await this.collect();
      if (objects + bytes > 0) this.log.info({ objects, bytes }, 'objects collected');
    } catch (error) {
      this.log.warn({ err: error }, 'objects not collected, trying again later');
    }
    return EVERY_MS;
  }

  async #deleteAll(query: string, ...values: number[]): Promise<number> {
    let deleted = 0;
    while (!this.#stopping) {
      const { rows } = await this.pool.query<{ n: number }>(query, values);
      deleted += rows[0]!.n;
      if (rows[0]!.n < PAGE) break;
    }
    return deleted;
  }

  async #removeBytes(): Promise<number> {
    let removed = 0;
    while (!this.#stopping) {
      const { rows } = await this.pool.query<Loose>(CLAIM, [this.retention.graceMinutes]);
      const claimedAt = performance.now();
      const settled: Loose[] = [];
      for (const loose of rows) {
        if (performance.now() - claimedAt > FRESH_MS) break;
        const gone =
          !loose.needed && (await this.store.removeOlder(objectKey(loose.tenant, loose.sha256), loose.before));
        if (gone) removed += 1;
        if (gone || loose.needed) settled.push(loose);
      }
      await this.#settle(settled);
      if (rows.length < PAGE) break;
    }
    return removed;
  }

  /** What a deletion has noted anew since stays noted. */
  async #settle(settled: Loose[]): Promise<void> {
    if (settled.length === 0) return;
    const column = (name: 'tenant' | 'sha256' | 'claim') => settled.map((loose) => loose[name]);
    await this.pool.query(SETTLE, [column('tenant'), column('sha256'), column('claim')]);
  }
}
