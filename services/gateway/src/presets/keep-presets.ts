import type { ImageOptions } from '@tandem/contracts/image-options';
import { transaction } from '@tandem/persistence/transaction';
import type { Pool, PoolClient } from 'pg';
import { Problem } from '../http/problem.js';
import type { Principal } from '../identity/principal.js';
import { ofTenant, type PresetFinder, type PresetRow } from './find-presets.js';
import { noPreset, type Preset, referenceOf } from './preset.js';

/** Presets of one tenant. */
const MOST_PRESETS = 1_000;
/** What a reference has digits for. */
const LAST_VERSION = 999_999;

// Two changes of one tenant at once would give out the same version.
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('gateway.presets/' || $1, 0))`;

const NEWEST = `
  SELECT name, version, options, created_at, deleted_at IS NOT NULL AS deleted, options = $3::jsonb AS equal
  FROM gateway.presets WHERE tenant = $1 AND name = $2 ORDER BY version DESC LIMIT 1`;

const COUNT = `
  SELECT count(DISTINCT name)::int AS n FROM gateway.presets WHERE tenant = $1 AND deleted_at IS NULL`;

const INSERT = `
  INSERT INTO gateway.presets (tenant, name, version, options, created_by) VALUES ($1, $2, $3, $4, $5)
  RETURNING name, version, options, created_at`;

const DELETE = `
  UPDATE gateway.presets SET deleted_at = now() WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL`;

type Newest = PresetRow & { deleted: boolean; equal: boolean };

/** Changes the presets of tenants. */
export class PresetKeeper {
  constructor(
    private readonly finder: PresetFinder,
    private readonly pool: Pool,
  ) {}

  /**
   * Keeps options under a name, as a new version unless the newest is equal. `ifMatch` names the version that must be the
   * newest. Throws a `Problem`: `precondition_failed`, or `conflict` at the limits.
   */
  async put(
    { tenant, actor }: Principal,
    name: string,
    options: ImageOptions,
    ifMatch?: string,
  ): Promise<{ preset: Preset; created: boolean }> {
    const json = JSON.stringify(options);
    const result = await transaction(this.pool, async (client) => {
      await client.query(LOCK, [tenant]);
      const { rows } = await client.query<Newest>(NEWEST, [tenant, name, json]);
      const newest = rows[0];
      const live = newest && !newest.deleted ? newest : undefined;
      checkMatch(name, live, ifMatch);
      if (live?.equal) return { preset: ofTenant(rowOf(live)), created: false };
      if (!live) await checkRoom(client, tenant);
      const version = (newest?.version ?? 0) + 1;
      if (version > LAST_VERSION)
        throw new Problem('conflict', `The preset ${name} has ${LAST_VERSION} versions. Choose another name.`);
      const inserted = await client.query<PresetRow>(INSERT, [tenant, name, version, json, actor]);
      return { preset: ofTenant(inserted.rows[0]!), created: true };
    });
    if (result.created) this.finder.changed(tenant);
    return result;
  }

  /** Throws a `Problem`: `not_found`, `precondition_failed`, or `conflict` for one that stands in PRESETS_FILE. */
  async remove({ tenant }: Principal, name: string, ifMatch?: string): Promise<void> {
    await transaction(this.pool, async (client) => {
      await client.query(LOCK, [tenant]);
      const { rows } = await client.query<Newest>(NEWEST, [tenant, name, '{}']);
      const live = rows[0] && !rows[0].deleted ? rows[0] : undefined;
      if (!live && this.finder.isDeclared(name))
        throw new Problem('conflict', `The preset ${name} is the operator's (PRESETS_FILE) and can only be read here.`);
      if (!live) throw noPreset(name);
      checkMatch(name, live, ifMatch);
      await client.query(DELETE, [tenant, name]);
    });
    this.finder.changed(tenant);
  }
}

/** The ETag of a preset: its reference. */
export function etagOf(preset: Pick<Preset, 'name' | 'version'>): string {
  return `"${referenceOf(preset)}"`;
}

function checkMatch(name: string, live: Newest | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (live && (tags.includes('*') || tags.includes(etagOf(live)))) return;
  const state = live ? `its newest version is ${referenceOf(live)}` : 'there is none';
  throw new Problem('precondition_failed', `If-Match names another version of ${name}: ${state}. Read it again.`);
}

async function checkRoom(client: PoolClient, tenant: string): Promise<void> {
  const { rows } = await client.query<{ n: number }>(COUNT, [tenant]);
  if (rows[0]!.n >= MOST_PRESETS)
    throw new Problem('conflict', `There are ${MOST_PRESETS} presets already. Delete some first.`);
}

function rowOf({ name, version, options, created_at }: Newest): PresetRow {
  return { name, version, options, created_at };
}
