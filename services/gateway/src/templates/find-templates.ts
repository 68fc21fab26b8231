import type { TemplateBundle } from '@tandem/contracts/template';
import type { Connection } from '@tandem/messaging/connection';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { unpackBundle } from './bundle-bytes.js';
import { noTemplate, parseReference, SHARED_TENANT, type Template } from './template.js';

/** Core NATS subject on which gateways tell one another whose templates changed. */
const CHANGED = 'live.templates.changed';
/** Should the message be lost, a change is seen after so long at the latest. */
const TTL_MS = 5_000;
const CACHED_CHARACTERS = 32_000_000;
const ENTRY_CHARACTERS = 500;

const COLUMNS = 'tenant, name, version, sha256, size, schema, created_at';

const FIND = `
  SELECT ${COLUMNS} FROM gateway.templates
  WHERE tenant = $1 AND name = $2 AND deleted_at IS NULL AND ($3::int IS NULL OR version = $3)
  ORDER BY version DESC LIMIT 1`;

const LIST = `
  SELECT DISTINCT ON (name, tenant) ${COLUMNS} FROM gateway.templates
  WHERE tenant IN ($1, '') AND deleted_at IS NULL ORDER BY name, tenant DESC, version DESC`;

// Deleted ones too: an admitted job keeps its version.
const BUNDLE = `
  SELECT bundle, sha256 FROM gateway.templates
  WHERE tenant = $1 AND name = $2 AND version = $3 AND bundle IS NOT NULL`;

export interface TemplateRow {
  tenant: string;
  name: string;
  version: number;
  sha256: string;
  size: number;
  schema: Record<string, unknown>;
  created_at: Date;
}

/**
 * Finds templates: a tenant's own go before the shared ones. What was found, or found missing, is kept in memory for 5 s; a
 * change is told on NATS, so that other gateways usually know it within milliseconds, and this one at once.
 */
export class TemplateFinder {
  readonly #cache: LRUCache<string, { template: Template | undefined }>;
  #changes = 0;

  constructor(
    private readonly pool: Pool,
    private readonly connection: Connection,
    { ttlMs = TTL_MS } = {},
  ) {
    this.#cache = new LRUCache({
      ttl: ttlMs,
      maxSize: CACHED_CHARACTERS,
      sizeCalculation: ({ template }) => ENTRY_CHARACTERS + JSON.stringify(template?.schema ?? {}).length,
    });
    connection.nc.subscribe(CHANGED, { callback: (_error, message) => this.#forget(message.string()) });
  }

  /** The template that `quote`, `quote@3` or `shared/quote` names for a tenant. Throws a `Problem` `not_found`. */
  async get(tenant: string, reference: string): Promise<Template> {
    const template = await this.find(tenant, reference);
    if (!template) throw noTemplate(reference);
    return template;
  }

  /** As {@link get}; undefined when there is none. */
  async find(tenant: string, reference: string): Promise<Template | undefined> {
    const parsed = parseReference(reference);
    if (!parsed) return undefined;
    const { name, version, sharedOnly } = parsed;
    const own = sharedOnly ? undefined : await this.#row(tenant, name, version);
    if (own) return own;
    // A tenant that has a template of this name means its own by it, also when it has no such version.
    if (!sharedOnly && version !== undefined && (await this.#row(tenant, name))) return undefined;
    return this.#row(SHARED_TENANT, name, version);
  }

  /** The newest version of each, by name. */
  async list(tenant: string): Promise<Template[]> {
    const { rows } = await this.pool.query<TemplateRow>(LIST, [tenant]);
    return rows.map(templateOf);
  }

  /** The bundle that an exact reference names, as JSON, also of a deleted one; undefined when there is none. */
  async bundle(tenant: string, reference: string): Promise<{ json: Buffer; sha256: string } | undefined> {
    const parsed = parseReference(reference);
    if (parsed?.version === undefined) return undefined;
    const owner = parsed.sharedOnly ? SHARED_TENANT : tenant;
    const { rows } = await this.pool.query<{ bundle: Buffer; sha256: string }>(BUNDLE, [
      owner,
      parsed.name,
      parsed.version,
    ]);
    return rows[0] && { json: await unpackBundle(rows[0].bundle), sha256: rows[0].sha256 };
  }

  /** The whole of a template that was found. Throws a `Problem` `not_found` when it went meanwhile. */
  async whole(tenant: string, reference: string): Promise<TemplateBundle> {
    const found = await this.bundle(tenant, reference);
    if (!found) throw noTemplate(reference);
    return JSON.parse(found.json.toString('utf8'));
  }

  /** Forgets what is known of a tenant's templates, here and in the other gateways. */
  changed(tenant: string): void {
    this.#forget(tenant);
    if (this.connection.up()) this.connection.nc.publish(CHANGED, tenant);
  }

  async #row(tenant: string, name: string, version?: number): Promise<Template | undefined> {
    const key = `${tenant}\n${name}@${version ?? ''}`;
    const known = this.#cache.get(key);
    if (known) return known.template;
    const before = this.#changes;
    const { rows } = await this.pool.query<TemplateRow>(FIND, [tenant, name, version ?? null]);
    const template = rows[0] && templateOf(rows[0]);
    // What was read before a change must not be kept after it.
    if (before === this.#changes) this.#cache.set(key, { template });
    return template;
  }

  #forget(tenant: string): void {
    this.#changes += 1;
    for (const key of [...this.#cache.keys()]) if (key.startsWith(`${tenant}\n`)) this.#cache.delete(key);
  }
}

export function templateOf({ tenant, created_at, name, version, sha256, size, schema }: TemplateRow): Template {
  const source = tenant === SHARED_TENANT ? 'shared' : 'tenant';
  return { name, version, source, sha256, size, schema, createdAt: created_at };
}
