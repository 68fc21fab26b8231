import { setTimeout as pause } from 'node:timers/promises';
import { objectKey } from '@tandem/contracts/object';
import { Repeat } from '@tandem/runtime/repeat';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';

const LOOK_EVERY_MS = 10 * 60_000;
const PAGE = 500;
/** Between pages: a walk has a day, and must not be felt. 500 keys each 100 ms are 18 million an hour at most. */
const PAUSE_MS = 100;

const LEASE = `lease_until = now() + interval '5 minutes'`;
const BEGIN = `
  UPDATE gateway.orphan_walk SET ${LEASE} WHERE lease_until <= now() AND done_at < now() - interval '1 day'`;
const GO_ON = `UPDATE gateway.orphan_walk SET ${LEASE}`;
const END = 'UPDATE gateway.orphan_walk SET done_at = now(), lease_until = now()';

// A note that stands already keeps its time.
const NOTE = `
  INSERT INTO gateway.loose_bytes (tenant, sha256)
  SELECT tenant, sha256 FROM unnest($1::text[], $2::text[]) AS found (tenant, sha256)
  WHERE NOT EXISTS (
    SELECT FROM gateway.objects o WHERE o.tenant = found.tenant AND o.sha256 = found.sha256
  )
  ORDER BY 1, 2 ON CONFLICT DO NOTHING`;

interface Content {
  tenant: string;
  sha256: string;
}

/**
 * Walks the store once a day for bytes with no object, which a process leaves that dies between storing and registering,
 * and notes them for `collect-objects.ts`. One gateway walks; should it die, another begins again.
 */
export class OrphanSearch {
  readonly #rounds = new Repeat(() => this.#round());
  readonly #stopping = new AbortController();

  constructor(
    private readonly graceMinutes: number,
    private readonly store: ObjectStore,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(30_000);
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#rounds.stop();
  }

  /** Walks the whole store; tells how many contents without an object it noted. */
  async search(): Promise<number> {
    const young = Date.now() - this.graceMinutes * 60_000;
    let page: Content[] = [];
    let noted = 0;
    for await (const { key, modifiedAt } of this.store.list()) {
      const content = modifiedAt.getTime() < young ? contentOf(key) : undefined;
      if (content) page.push(content);
      if (page.length < PAGE) continue;
      noted += await this.#note(page);
      page = [];
      await pause(PAUSE_MS, undefined, { signal: this.#stopping.signal });
    }
    return noted + (await this.#note(page));
  }

  async #round(): Promise<number> {
    try {
      if ((await this.pool.query(BEGIN)).rowCount === 0) return LOOK_EVERY_MS;
      const orphans = await this.search();
      await this.pool.query(END);
      if (orphans > 0) this.log.info({ orphans }, 'bytes without an object found');
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.log.warn({ err: error }, 'store not searched, trying again later');
    }
    return LOOK_EVERY_MS;
  }

  async #note(page: Content[]): Promise<number> {
    await this.pool.query(GO_ON);
    const column = (name: keyof Content) => page.map((content) => content[name]);
    return (await this.pool.query(NOTE, [column('tenant'), column('sha256')])).rowCount ?? 0;
  }
}

/** The inverse of {@link objectKey}; undefined for what is no object's key: not ours to remove. */
function contentOf(key: string): Content | undefined {
  const [, encoded, sha256] = /^([^/]+)\/[0-9a-f]{2}\/([0-9a-f]{64})$/.exec(key) ?? [];
  if (!encoded || !sha256) return undefined;
  try {
    const tenant = decodeURIComponent(encoded);
    return objectKey(tenant, sha256) === key ? { tenant, sha256 } : undefined;
  } catch {
    return undefined;
  }
}
