import { type CryptoKey, importJWK, type JSONWebKeySet, type JWK } from 'jose';

/** A key that tokens may be signed with, and the one algorithm that it is good for. */
export interface VerificationKey {
  readonly alg: 'ES256' | 'RS256' | 'HS256';
  readonly key: CryptoKey | Uint8Array;
  /** Tells two keys under one `kid` apart. */
  readonly fingerprint: string;
}

const FETCH_TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024;
const MAX_KEYS = 64;

/** Fetches a key set. Rejects when it is late, redirected, larger than 64 KiB or not a key set. */
export async function fetchJwks(url: string, fetch: typeof globalThis.fetch): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (response.status !== 200 || !response.body) {
    await response.body?.cancel();
    throw new Error(`The key set answered ${response.status}.`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by a throw cancels the rest of the body.
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`The key set is larger than ${MAX_BYTES} bytes.`);
    chunks.push(chunk);
  }
  const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const keys = (parsed as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('The answer is not a key set.');
  return { keys };
}

/**
 * The usable keys of a set by `kid`: P-256 for ES256 and RSA for RS256. Everything else is left out, symmetric keys
 * above all: a public document cannot hold a secret.
 */
export async function readJwks({ keys }: JSONWebKeySet): Promise<Map<string, VerificationKey>> {
  const usable = new Map<string, VerificationKey>();
  for (const jwk of keys.slice(0, MAX_KEYS)) {
    if (typeof jwk?.kid !== 'string' || jwk.kid === '' || usable.has(jwk.kid)) continue;
    const key = await importPublic(jwk);
    if (key) usable.set(jwk.kid, key);
  }
  return usable;
}

async function importPublic(jwk: JWK): Promise<VerificationKey | undefined> {
  const alg = algorithmOf(jwk);
  if (!alg || (jwk.alg ?? alg) !== alg || (jwk.use ?? 'sig') !== 'sig') return undefined;
  // Picked member by member, so that a private key in the set is never imported as one.
  const members =
    alg === 'ES256' ? { kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y } : { kty: 'RSA', n: jwk.n, e: jwk.e };
  try {
    const key = await importJWK(members as JWK, alg);
    return { alg, key, fingerprint: JSON.stringify(members) };
  } catch {
    return undefined;
  }
}

function algorithmOf({ kty, crv }: JWK): 'ES256' | 'RS256' | undefined {
  if (kty === 'EC' && crv === 'P-256') return 'ES256';
  return kty === 'RSA' ? 'RS256' : undefined;
}
