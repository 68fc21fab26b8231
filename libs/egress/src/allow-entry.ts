import { type BlockList, isIP } from 'node:net';
import { isPlainIPv6, networks } from './address-ranges.js';

/** One exception of a policy. `port` undefined means the default ports only. */
export type AllowEntry = { port: number | '*' | undefined } & (
  | { kind: 'name'; name: string }
  | { kind: 'subdomains'; suffix: string }
  | { kind: 'network'; family: 4 | 6; list: BlockList }
);

const SHAPES = [
  /^\[(?<host>[^\]]+)\](?:\/(?<bits>\d+))?(?::(?<port>\d+|\*))?$/, // [fd00::]/8:8000
  /^(?<host>[0-9a-fA-F]*:[^/[\]]*:[^/[\]]*)(?:\/(?<bits>\d+))?$/, // fd00::/8, without a port
  /^(?<host>[^:/[\]@?#]+)(?:\/(?<bits>\d+))?(?::(?<port>\d+|\*))?$/, // name:8000, *.name, 10.0.0.0/8
];

/**
 * Reads `host`, `*.host`, an IP address or a CIDR, each with `:port` or `:*` (any port) behind it.
 * Throws an `Error` whose message says how to write it.
 */
export function parseAllowEntry(written: string): AllowEntry {
  const found = SHAPES.map((shape) => shape.exec(written)?.groups).find((groups) => groups !== undefined);
  if (!found?.host) {
    throw new Error(`${quote(written)} is not a host, an address or a CIDR, such as db.internal:8000 or 10.0.0.0/8`);
  }
  const port = portOf(found.port, written);
  const wildcard = found.host.startsWith('*.');
  const host = canonicalHost(wildcard ? found.host.slice(2) : found.host);
  const version = isIP(host ?? '');
  // The URL standard takes more for a name (`*`), which DNS never answers.
  if (!host || (version === 0 && !/^[a-z0-9._-]+$/.test(host))) {
    throw new Error(`${quote(written)} is not the name of a host, nor an address`);
  }
  if (version === 0) {
    if (found.bits !== undefined) throw new Error(`${quote(written)}: only an address can have a prefix length`);
    return wildcard ? { kind: 'subdomains', suffix: `.${host}`, port } : { kind: 'name', name: host, port };
  }
  if (wildcard) throw new Error(`${quote(written)}: write a CIDR instead of "*."`);
  // 010.0.0.1 is 8.0.0.1 to some programs and 10.0.0.1 to others: whoever wrote it meant one of them.
  if (version === 4 && host !== found.host) throw new Error(`${quote(written)} is ambiguous: write ${host}`);
  const [longest, family] = version === 4 ? ([32, 'ipv4'] as const) : ([128, 'ipv6'] as const);
  const bits = found.bits === undefined ? longest : Number(found.bits);
  if (bits > longest) throw new Error(`${quote(written)}: the prefix length may be ${longest} at most`);
  return { kind: 'network', family: version as 4 | 6, list: networks(family, [`${host}/${bits}`]), port };
}

/** A host as the URL standard writes it, without brackets and without the dot of the root; undefined when it is none. */
export function canonicalHost(host: string): string | undefined {
  const url = URL.parse(`http://${isPlainIPv6(host) ? `[${host}]` : host}/`);
  return url === null || url.pathname !== '/' || url.port !== '' ? undefined : hostOf(url);
}

/** The same for a parsed URL. Undefined for a name with an empty label, or one that is longer than DNS allows. */
export function hostOf(url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return host === '' || host.length > 253 || host.split('.').includes('') ? undefined : host;
}

function portOf(written: string | undefined, entry: string): number | '*' | undefined {
  if (written === undefined || written === '*') return written;
  const port = Number(written);
  if (port < 1 || port > 65_535) throw new Error(`${quote(entry)}: a port is a number from 1 to 65535`);
  return port;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
