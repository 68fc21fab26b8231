import type { Connection } from '@tandem/messaging/connection';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Principal } from '../identity/principal.js';

/** Core NATS subject on which gateways tell one another of objects that were deleted. */
const REMOVED = 'live.objects.removed';
/** Should the message be lost, a deleted object is served for so long at most. */
const TTL_MS = 2_000;
const MOST_CACHED = 20_000;

const FIND = `
  SELECT id, tenant, owner, sha256, size::float8 AS size, type FROM gateway.objects
  WHERE id = $1 AND (expires_at IS NULL OR expires_at > now())`;

/** What images need to know of an object. */
export interface SourceObject {
  id: string;
  tenant: string;
  owner: string;
  sha256: string;
  size: number;
  type: string;
}

/** Looks objects up by their id, whoever asks, and remembers them for two seconds: a page asks for the same ones at once. */
export class SourceFinder {
  // Of promises, so that requests at the same time share one look-up.
  readonly #cache: LRUCache<string, Promise<SourceObject | undefined>>;

  constructor(
    private readonly pool: Pool,
    private readonly connection: Connection,
    { ttlMs = TTL_MS } = {},
  ) {
    this.#cache = new LRUCache({ max: MOST_CACHED, ttl: ttlMs });
    connection.nc.subscribe(REMOVED, { callback: (_error, message) => void this.#cache.delete(message.string()) });
  }

  /** `id` is a UUID in lower case. */
  find(id: string): Promise<SourceObject | undefined> {
    const known = this.#cache.get(id);
    if (known) return known;
    const found = this.pool.query<SourceObject>(FIND, [id]).then(({ rows }) => rows[0]);
    this.#cache.set(id, found);
    found.catch(() => this.#cache.delete(id));
    return found;
  }

  /** Call it when an object was deleted: from then on its images are gone, here at once, in other gateways a moment later. */
  removed(id: string): void {
    this.#cache.delete(id);
    if (this.connection.up()) this.connection.nc.publish(REMOVED, id);
  }
}

/** A signed-in user has their own objects, a service role all of its tenant. */
export function mayRead({ tenant, actor, role }: Principal, object: SourceObject): boolean {
  return object.tenant === tenant && (role === 'service_role' || object.owner === actor);
}
