import type { ImageOptions } from '@tandem/contracts/image-options';
import type { Connection } from '@tandem/messaging/connection';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { noPreset, type Preset, parseReference } from './preset.js';
import type { DeclaredPresets } from './preset-file.js';

/** Core NATS subject on which gateways tell one another whose presets changed. */
const CHANGED = 'live.presets.changed';
/** Should the message be lost, a change is seen after so long at the latest. */
const TTL_MS = 5_000;
const MOST_CACHED = 10_000;

const FIND = `
  SELECT name, version, options, created_at FROM gateway.presets
  WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL AND ($3::int IS NULL OR version = $3)
  ORDER BY version DESC LIMIT 1`;

const LIST = `
  SELECT DISTINCT ON (name) name, version, options, created_at FROM gateway.presets
  WHERE tenant = $1 AND deleted_at IS NULL ORDER BY name, version DESC`;

export interface PresetRow {
  name: string;
  version: number;
  options: ImageOptions;
  created_at: Date;
}

/**
 * Finds presets: a tenant's own go before those of PRESETS_FILE. What was found, or found missing, is kept in memory for
 * 5 s; a change is told on NATS, so that other gateways usually know it within milliseconds, and this one at once.
 */
export class PresetFinder {
  readonly #cache: LRUCache<string, { preset: Preset | undefined }>;
  #changes = 0;

  constructor(
    private readonly declared: DeclaredPresets,
    private readonly pool: Pool,
    private readonly connection: Connection,
    { ttlMs = TTL_MS } = {},
  ) {
    this.#cache = new LRUCache({ max: MOST_CACHED, ttl: ttlMs });
    connection.nc.subscribe(CHANGED, { callback: (_error, message) => this.#forget(message.string()) });
  }

  /** The preset that `card` (the newest version) or `card@3` names for a tenant. Throws a `Problem` `not_found`. */
  async get(tenant: string, reference: string): Promise<Preset> {
    const preset = await this.find(tenant, reference);
    if (!preset) throw noPreset(reference);
    return preset;
  }

  /** As {@link get}; undefined when there is none. */
  async find(tenant: string, reference: string): Promise<Preset | undefined> {
    const { name, version } = parseReference(reference);
    const own = await this.#own(tenant, name, version);
    if (own) return own;
    // A tenant that has a preset of this name has none of the file's versions.
    if (version !== undefined && (await this.#own(tenant, name))) return undefined;
    return version === undefined ? this.declared.get(name)?.at(-1) : this.declared.get(name)?.[version - 1];
  }

  /** The newest version of each, by name. */
  async list(tenant: string): Promise<Preset[]> {
    const { rows } = await this.pool.query<PresetRow>(LIST, [tenant]);
    const byName = new Map<string, Preset>();
    for (const [name, versions] of this.declared) byName.set(name, versions.at(-1)!);
    for (const row of rows) byName.set(row.name, ofTenant(row));
    return [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** True when PRESETS_FILE has a preset of this name. */
  isDeclared(name: string): boolean {
    return this.declared.has(name);
  }

  /** Forgets what is known of a tenant's presets, here and in the other gateways. */
  changed(tenant: string): void {
    this.#forget(tenant);
    if (this.connection.up()) this.connection.nc.publish(CHANGED, tenant);
  }

  async #own(tenant: string, name: string, version?: number): Promise<Preset | undefined> {
    const key = `${tenant}\n${name}@${version ?? ''}`;
    const known = this.#cache.get(key);
    if (known) return known.preset;
    const before = this.#changes;
    const { rows } = await this.pool.query<PresetRow>(FIND, [tenant, name, version ?? null]);
    const preset = rows[0] && ofTenant(rows[0]);
    // What was read before a change must not be kept after it.
    if (before === this.#changes) this.#cache.set(key, { preset });
    return preset;
  }

  #forget(tenant: string): void {
    this.#changes += 1;
    for (const key of [...this.#cache.keys()]) if (key.startsWith(`${tenant}\n`)) this.#cache.delete(key);
  }
}

export function ofTenant({ created_at, ...row }: PresetRow): Preset {
  return { ...row, source: 'tenant', createdAt: created_at };
}
