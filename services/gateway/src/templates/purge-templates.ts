import type { Catalog } from '@tandem/contracts/catalog';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';
import { SHARED_TENANT } from './template.js';

const EVERY_MS = 3_600_000;
const PAGE = 100;

// A job that was being admitted when its template was deleted stands in the ledger an hour later.
const DELETED = `
  SELECT tenant, name, version FROM gateway.templates
  WHERE deleted_at < now() - interval '1 hour' AND bundle IS NOT NULL AND (tenant, name, version) > ($1, $2, $3)
  ORDER BY tenant, name, version LIMIT ${PAGE}`;

// Open jobs, and those that may be replayed: all that did not succeed, for as long as the ledger keeps them.
const NEEDED = `
  SELECT FROM gateway.jobs
  WHERE ($1 = '' OR tenant = $1) AND status <> 'succeeded' AND command = $2 AND input #>> $3::text[] = $4 LIMIT 1`;

const PURGE = `
  UPDATE gateway.templates SET bundle = NULL, schema = NULL WHERE tenant = $1 AND name = $2 AND version = $3`;

interface Version {
  tenant: string;
  name: string;
  version: number;
}

/** Removes the contents of deleted templates that no job in the ledger can need any more. Their numbers stay taken. */
export class TemplatePurge {
  readonly #rounds = new Repeat(() => this.#round());
  #stopping = false;

  constructor(
    private readonly catalog: Catalog,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(60_000);
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.#rounds.stop();
  }

  /** Purges what can be purged now; tells how many versions. */
  async purge(): Promise<number> {
    let purged = 0;
    let last: Version | undefined = { tenant: '', name: '', version: 0 };
    while (last && !this.#stopping) {
      const { rows }: { rows: Version[] } = await this.pool.query(DELETED, [last.tenant, last.name, last.version]);
      for (const row of rows) {
        if (await this.#isNeeded(row)) continue;
        await this.pool.query(PURGE, [row.tenant, row.name, row.version]);
        purged += 1;
      }
      last = rows.length === PAGE ? rows.at(-1) : undefined;
    }
    return purged;
  }

  async #isNeeded({ tenant, name, version }: Version): Promise<boolean> {
    const reference = `${tenant === SHARED_TENANT ? 'shared/' : ''}${name}@${version}`;
    for (const { type, templates } of this.catalog.all()) {
      if (!templates) continue;
      const path = templates.at.template.slice(1).split('/');
      const { rowCount } = await this.pool.query(NEEDED, [tenant, type, path, reference]);
      if (rowCount) return true;
    }
    return false;
  }

  async #round(): Promise<number> {
    try {
      const purged = await this.purge();
      if (purged > 0) this.log.info({ versions: purged }, 'deleted templates purged');
    } catch (error) {
      this.log.warn({ err: error }, 'deleted templates not purged, trying again later');
    }
    return EVERY_MS;
  }
}
