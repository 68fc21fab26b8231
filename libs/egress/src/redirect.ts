import { EgressDenied } from './errors.js';
import type { Hop } from './exchange.js';
import { parseUrl } from './route.js';

const STATUSES = new Set([301, 302, 303, 307, 308]);
const OF_BODY = ['content-encoding', 'content-language', 'content-length', 'content-location', 'content-type'];
/** What Supabase and most APIs take as proof of identity, beside what the fetch standard names. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization', 'apikey', 'x-api-key'];

/**
 * The request to which an answer redirects, as the fetch standard (HTTP-redirect fetch) makes it; undefined when it
 * redirects nowhere. Throws {@link EgressDenied} for a way from https to http.
 */
export function redirected(hop: Hop, status: number, location: string | undefined): Hop | undefined {
  if (!STATUSES.has(status) || location === undefined) return undefined;
  const url = parseUrl(location, hop.url);
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new EgressDenied('downgrade', 'A redirect from https to http is not followed.');
  }
  const headers = new Headers(hop.headers);
  const becomesGet =
    (status === 303 && hop.method !== 'GET' && hop.method !== 'HEAD') || (status < 303 && hop.method === 'POST');
  if (becomesGet) for (const name of OF_BODY) headers.delete(name);
  if (url.origin !== hop.url.origin) for (const name of CREDENTIALS) headers.delete(name);
  return becomesGet ? { url, headers, method: 'GET', body: undefined } : { ...hop, url, headers };
}
