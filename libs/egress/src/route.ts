import { isIP } from 'node:net';
import { hostOf } from './allow-entry.js';
import { EgressDenied, EgressFailed } from './errors.js';
import type { CompiledPolicy, Target } from './policy.js';

/** A target that was checked, with the addresses that may be dialled for it and no others. */
export interface Route extends Target {
  readonly secure: boolean;
  readonly addresses: readonly string[];
}

/** All addresses of a name, see `Resolve`. */
type LookUp = (host: string) => Promise<readonly string[]>;

const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 };
const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA', 'ENONAME', 'EAI_NONAME', 'EAI_NODATA', 'EBADNAME']);

/** Parses a URL by the WHATWG standard, which reads every spelling of an IP address. Throws {@link EgressDenied}. */
export function parseUrl(url: string | URL, base?: URL): URL {
  const parsed = URL.parse(String(url), base?.href);
  if (!parsed) throw new EgressDenied('url', 'The URL is not valid.');
  return parsed;
}

/** Where `url` leads, by its letters alone. Throws {@link EgressDenied}. */
export function targetOf(url: URL): Target {
  const defaultPort = DEFAULT_PORTS[url.protocol];
  if (!defaultPort) throw new EgressDenied('scheme', 'Only URLs that begin with http:// or https:// are allowed.');
  if (url.username || url.password) throw new EgressDenied('user-info', 'The URL may hold no user name or password.');
  const host = hostOf(url);
  if (!host) throw new EgressDenied('url', 'The URL is not valid: its host is not.');
  return { host, port: url.port === '' ? defaultPort : Number(url.port), defaultPort: url.port === '' };
}

/** What the Host header says: the name as the certificate has it, so without the dot of the root. */
export function hostHeader({ host, port, defaultPort }: Target): string {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return defaultPort ? name : `${name}:${port}`;
}

/**
 * Looks the host up once and checks all its addresses. Whoever dials one of them dials what was checked, whatever the
 * name resolves to by then. Throws {@link EgressDenied}, or {@link EgressFailed} when DNS does not answer.
 */
export async function checkedAddresses(
  target: Target,
  policy: CompiledPolicy,
  resolve: LookUp,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!policy.mayAdmit(target)) throw refusalBeforeLookup(target);
  const addresses = isIP(target.host) ? [target.host] : await lookUp(target.host, resolve, signal);
  if (!addresses.every((address) => policy.admits(target, address))) throw EgressDenied.address(target.host);
  return addresses;
}

function refusalBeforeLookup({ host, port, defaultPort }: Target): EgressDenied {
  if (defaultPort) return EgressDenied.address(host);
  return new EgressDenied('port', `Port ${port} of ${host} is not allowed.`);
}

async function lookUp(host: string, resolve: LookUp, signal: AbortSignal): Promise<readonly string[]> {
  let addresses: readonly string[];
  try {
    addresses = await resolve(host);
  } catch (error) {
    signal.throwIfAborted();
    if (NO_SUCH_NAME.has(String((error as NodeJS.ErrnoException).code))) throw EgressDenied.address(host, 'unresolved');
    throw new EgressFailed('dns', `The name ${host} cannot be looked up at the moment.`, { cause: error });
  }
  if (addresses.length === 0) throw EgressDenied.address(host, 'unresolved');
  return [...new Set(addresses)];
}
