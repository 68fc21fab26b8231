import { Problem } from './problem.js';
import type { SigningKeys } from './signing-keys.js';

/** The query parameters of a signed URL, as the router read them: each once, or it is none. */
export type SignedQuery = Record<string, unknown>;

/**
 * A root-relative URL that is good until `expiresAt`, for who has no token. The signature covers the path and every
 * parameter. Throws a `Problem` `unavailable` when there is no key.
 */
export function signUrl(
  keys: SigningKeys,
  path: string,
  parameters: Record<string, string | undefined>,
  expiresAt: Date,
): string {
  const key = keys.sign('')?.keyId;
  if (key === undefined)
    throw new Problem('unavailable', 'There are no signed links here: the operator has set no SIGNING_KEYS.');
  const given = Object.entries({ ...parameters, expires: seconds(expiresAt), key });
  const query = canonical(given.filter((entry): entry is [string, string] => entry[1] !== undefined));
  const signature = keys.sign(textOf(path, query))!.value;
  return `${path}?${query}&signature=${signature}`;
}

/** Throws a `Problem` `forbidden`, the same whatever is wrong; else tells when the URL expires. */
export function verifyUrl(keys: SigningKeys, path: string, query: SignedQuery, now: Date): Date {
  const { signature, ...signed } = query;
  const { key, expires } = signed;
  const entries = Object.entries(signed).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const isWhole = entries.length === Object.keys(signed).length && typeof signature === 'string';
  const text = textOf(path, canonical(entries));
  // Verified first, so that only who holds a genuine link learns that it has expired, and from nothing but the clock.
  const isGenuine = keys.verify(text, { keyId: String(key), value: isWhole ? signature : '' });
  const expiresAt = new Date(Number(expires) * 1_000);
  if (isGenuine && expiresAt > now) return expiresAt;
  throw invalidLink();
}

/** What every link gets that is forged, expired, or of something that is gone. */
export function invalidLink(): Problem {
  return new Problem('forbidden', 'This link is not valid, or it has expired. Ask who gave it to you for a new one.');
}

function canonical(entries: [string, string][]): string {
  return new URLSearchParams(entries.sort(([a], [b]) => (a < b ? -1 : 1))).toString();
}

function textOf(path: string, query: string): string {
  return `signed url\n${path}\n${query}`;
}

function seconds(time: Date): string {
  return String(Math.floor(time.getTime() / 1_000));
}
