import { hash } from 'node:crypto';
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import { AuthError, notAccepted } from './auth-error.js';
import { type Expectations, type Identity, identityOf, principalOf } from './claims.js';
import type { VerificationKey } from './jwks.js';
import type { KeyRing } from './key-ring.js';
import type { Principal } from './principal.js';

/** What a {@link TokenVerifier} needs. */
export interface VerifierOptions extends Expectations {
  keyRing: KeyRing;
  /** How far clocks may be apart. */
  clockToleranceSeconds?: number;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

interface Verified {
  identity: Identity;
  key: VerificationKey;
  until: number;
}

/** Supabase's tokens have 1 to 2 KB; a custom hook may make them larger. */
const MAX_TOKEN_LENGTH = 8_192;
/** So that revocations, which the guard checks apart, and changes of keys are seen soon. */
const CACHE_MS = 60_000;

/** Turns access tokens into principals. */
export class TokenVerifier {
  // By SHA-256: a heap dump then shows no tokens. An ES256 check takes 100 us and more, a look-up 2.
  readonly #verified = new LRUCache<string, Verified>({ max: 10_000 });
  readonly #keyRing: KeyRing;
  readonly #expected: Expectations;
  readonly #tolerance: number;
  readonly #now: () => number;

  constructor({ keyRing, issuer, audience, clockToleranceSeconds = 5, now = Date.now }: VerifierOptions) {
    this.#keyRing = keyRing;
    this.#expected = { issuer, audience };
    this.#tolerance = clockToleranceSeconds;
    this.#now = now;
  }

  /**
   * The principal whom `token` names. `tenantHint` says for which tenant a `service_role` token acts; it may not
   * contradict the token. Throws an {@link AuthError}.
   */
  async verify(token: string, tenantHint?: string): Promise<Principal> {
    if (token.length > MAX_TOKEN_LENGTH) throw notAccepted('the token is too long');
    const id = hash('sha256', token, 'base64');
    const cached = this.#verified.get(id);
    if (cached && this.#now() < cached.until && this.#keyRing.trusts(cached.key))
      return principalOf(cached.identity, tenantHint);
    this.#verified.delete(id);
    const { payload, key } = await this.#check(token);
    const identity = identityOf(payload, key.alg, this.#expected);
    this.#verified.set(id, { identity, key, until: Math.min(identity.expiresAt, this.#now() + CACHE_MS) });
    return principalOf(identity, tenantHint);
  }

  async #check(token: string): Promise<{ payload: JWTPayload; key: VerificationKey }> {
    const key = await this.#keyRing.find(headerOf(token));
    try {
      const { payload } = await jwtVerify(token, key.key, {
        algorithms: [key.alg],
        requiredClaims: ['exp'],
        clockTolerance: this.#tolerance,
        currentDate: new Date(this.#now()),
      });
      return { payload, key };
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw new AuthError(
          'unauthenticated',
          'The access token has expired. Refresh the session and try again.',
          'expired',
        );
      }
      throw notAccepted(error instanceof errors.JOSEError ? error.code : 'the token cannot be verified', error);
    }
  }
}

function headerOf(token: string): { alg?: string; kid?: string } {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return { alg, kid: typeof kid === 'string' ? kid : undefined };
  } catch (error) {
    throw notAccepted('the token is malformed', error);
  }
}
