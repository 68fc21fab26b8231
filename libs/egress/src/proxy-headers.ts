import type { IncomingMessage } from 'node:http';

/** Headers that are for one connection only (RFC 9110, 7.6.1), and those for the proxy itself. */
const HOP_BY_HOP = /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|host|proxy-.*)$/i;

/** The headers to pass on, as a flat list of names and values, in their order and with their letters. */
export function forwardedHeaders({ rawHeaders, headers }: IncomingMessage): string[] {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (!HOP_BY_HOP.test(name) && !named.has(name.toLowerCase())) kept.push(name, rawHeaders[i + 1]!);
  }
  return kept;
}

/** The user name of `Proxy-Authorization: Basic`. */
export function proxyUser({ headers }: IncomingMessage): string | undefined {
  const encoded = /^basic +([a-z0-9+/=_-]+) *$/i.exec(headers['proxy-authorization'] ?? '')?.[1];
  return encoded && Buffer.from(encoded, 'base64').toString('latin1').split(':')[0];
}
