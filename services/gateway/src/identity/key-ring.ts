import { createHash } from 'node:crypto';
import type { JSONWebKeySet } from 'jose';
import { AuthError, notAccepted } from './auth-error.js';
import { fetchJwks, readJwks, type VerificationKey } from './jwks.js';

/** Where a {@link KeyRing} has its keys from. */
export interface KeySources {
  /** Supabase's `/auth/v1/.well-known/jwks.json`. */
  jwksUrl?: string;
  /** A key set that never changes, instead of `jwksUrl`. */
  jwks?: JSONWebKeySet;
  /** The HS256 secret of projects that have not moved to signing keys. */
  legacySecret?: string;
  now?: () => number;
  fetch?: typeof globalThis.fetch;
}

/** Supabase's edge caches the set for 10 min as well, so asking more often would show nothing new. */
const MAX_AGE_MS = 10 * 60_000;
/** Between two fetches that succeeded: unknown key ids are free to make up, fetches are not. */
const COOL_DOWN_MS = 30_000;
/** After a failed one, so that an issuer that comes up after the gateway is noticed soon. */
const RETRY_MS = 2_000;

/**
 * The keys that tokens may be signed with. Holds on to what it has while the issuer is out of reach; drops a key when
 * the issuer no longer lists it.
 */
export class KeyRing {
  #keys = new Map<string, VerificationKey>();
  #ready: Promise<void> | undefined;
  #refreshing: Promise<void> | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #attemptedAt = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  readonly #legacy: VerificationKey | undefined;
  readonly #jwksUrl: string | undefined;
  readonly #now: () => number;
  readonly #fetch: typeof globalThis.fetch;

  constructor({ jwksUrl, jwks, legacySecret, now = Date.now, fetch = globalThis.fetch }: KeySources) {
    this.#jwksUrl = jwks ? undefined : jwksUrl;
    this.#now = now;
    this.#fetch = fetch;
    if (jwks) this.#ready = this.#hold(jwks);
    if (legacySecret)
      this.#legacy = { alg: 'HS256', key: new TextEncoder().encode(legacySecret), fingerprint: digest(legacySecret) };
  }

  async #hold(jwks: JSONWebKeySet): Promise<void> {
    this.#keys = await readJwks(jwks);
  }

  /** Fetches the keys ahead of the first token. Never rejects: without keys, {@link find} says `unavailable`. */
  async warmUp(): Promise<void> {
    await this.#ready;
    if (this.#mayFetch()) await this.#refresh();
  }

  /**
   * The key that a token with this header must be signed with. Throws an {@link AuthError}: `unauthenticated` when no
   * key fits, `unavailable` when the issuer cannot be asked.
   */
  async find({ alg, kid }: { alg?: string; kid?: string }): Promise<VerificationKey> {
    await this.#ready;
    await this.#keepFresh();
    const known = this.#known(kid) ?? (alg === 'HS256' ? this.#legacy : await this.#lookUp(kid));
    if (!known) throw notAccepted('no key has the id of the token');
    if (known.alg !== alg) throw notAccepted('the algorithm of the token is not that of its key');
    return known;
  }

  /** True while `key` is one of the ring's. Also keeps the ring fresh when every token comes from a cache. */
  trusts(key: VerificationKey): boolean {
    if (this.#isOld()) void this.#refresh();
    if (key === this.#legacy) return true;
    for (const held of this.#keys.values()) if (held === key) return true;
    return false;
  }

  #known(kid: string | undefined): VerificationKey | undefined {
    return kid === undefined ? undefined : this.#keys.get(kid);
  }

  async #lookUp(kid: string | undefined): Promise<VerificationKey | undefined> {
    if (kid === undefined || !this.#jwksUrl) return undefined;
    if (this.#refreshing || this.#mayFetch()) await this.#refresh();
    const found = this.#keys.get(kid);
    if (!found && this.#failure) {
      const detail = 'The signing keys cannot be reached. Try again in a moment.';
      throw new AuthError('unavailable', detail, 'the key set cannot be fetched', { cause: this.#failure });
    }
    return found;
  }

  /**
   * Old keys serve while new ones are fetched. Very old ones, after an idle time, wait for the fetch instead, lest the
   * first token after it be one whose key was revoked; not twice in an outage, though.
   */
  async #keepFresh(): Promise<void> {
    if (!this.#isOld()) return;
    const idle = this.#now() - this.#fetchedAt > 2 * MAX_AGE_MS && !this.#failure;
    const refresh = this.#refresh();
    if (idle) await refresh;
  }

  #isOld(): boolean {
    return this.#keys.size > 0 && this.#now() - this.#fetchedAt > MAX_AGE_MS && this.#mayFetch();
  }

  #mayFetch(): boolean {
    const pause = this.#failure ? RETRY_MS : COOL_DOWN_MS;
    return this.#jwksUrl !== undefined && this.#now() - this.#attemptedAt >= pause;
  }

  /** One fetch at a time, shared by all who wait for it. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#load().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #load(): Promise<void> {
    this.#attemptedAt = this.#now();
    try {
      const fresh = await readJwks(await fetchJwks(this.#jwksUrl!, this.#fetch));
      // A key that stays keeps its object: tokens that were verified with it stay cached.
      for (const [kid, key] of fresh) {
        const held = this.#keys.get(kid);
        if (held?.fingerprint === key.fingerprint) fresh.set(kid, held);
      }
      this.#keys = fresh;
      this.#fetchedAt = this.#now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error ?? new Error('unknown');
    }
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
