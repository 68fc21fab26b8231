import { isIP } from 'node:net';
import { isGlobalUnicast, isPlainIPv6, isPrivate } from './address-ranges.js';
import { type AllowEntry, parseAllowEntry } from './allow-entry.js';

/** What may be reached beyond the public Internet on the default ports, or instead of it. */
export interface EgressPolicy {
  /**
   * Exceptions: `host`, `*.host` (its subdomains), an address or a CIDR. Each is for the default ports, for one port
   * (`host:8000`) or for any (`host:*`). A name may lead to a private address, but to no link-local one and to no
   * metadata service of a cloud: those need an entry of their own address.
   */
  allow?: readonly string[];
  /** Nothing but `allow` may be reached. */
  only?: boolean;
  /** Ports that are as good as the default ones. */
  ports?: readonly number[];
}

/** The policy for a tenant; `undefined` asks for the operator's own requests. */
export type PolicyOf = (tenant: string | undefined) => EgressPolicy;

/** Where a request goes, before the name is looked up. `host` is canonical; `defaultPort` says that the URL has none. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly defaultPort: boolean;
}

/** A policy, ready to decide. */
export class CompiledPolicy {
  readonly #entries: AllowEntry[];
  readonly #only: boolean;
  readonly #ports: ReadonlySet<number>;

  constructor({ allow = [], only = false, ports = [] }: EgressPolicy) {
    this.#entries = allow.map(parseAllowEntry);
    this.#only = only;
    this.#ports = new Set(ports);
  }

  /** Whether some address could make this target good. Where none can, not even DNS hears of the name. */
  mayAdmit(target: Target): boolean {
    if (!this.#only && this.#isCommonPort(target)) return true;
    const literal = isIP(target.host) !== 0;
    return this.#entries.some((entry) => {
      if (!this.#fitsPort(entry, target)) return false;
      return entry.kind === 'network' ? !literal || contains(entry, target.host) : named(entry, target.host);
    });
  }

  /** Whether `address`, to which the host of the target resolved, may be dialled for it. */
  admits(target: Target, address: string): boolean {
    const global = isGlobalUnicast(address);
    if (!this.#only && global && this.#isCommonPort(target)) return true;
    return this.#entries.some((entry) => {
      if (!this.#fitsPort(entry, target)) return false;
      return entry.kind === 'network'
        ? contains(entry, address)
        : named(entry, target.host) && (global || isPrivate(address));
    });
  }

  #fitsPort({ port }: AllowEntry, target: Target): boolean {
    return port === undefined ? this.#isCommonPort(target) : port === '*' || port === target.port;
  }

  #isCommonPort({ port, defaultPort }: Target): boolean {
    return defaultPort || this.#ports.has(port);
  }
}

function named(entry: AllowEntry, host: string): boolean {
  if (entry.kind === 'name') return entry.name === host;
  return entry.kind === 'subdomains' && isIP(host) === 0 && host.endsWith(entry.suffix);
}

function contains(entry: AllowEntry & { kind: 'network' }, address: string): boolean {
  // Families are never mixed: ::ffff:10.0.0.1 is not what an entry for 10.0.0.0/8 means.
  if (entry.family === 4) return isIP(address) === 4 && entry.list.check(address, 'ipv4');
  return isPlainIPv6(address) && entry.list.check(address, 'ipv6');
}

const compiled = new WeakMap<EgressPolicy, CompiledPolicy>();

/** Compiles a policy once for as long as the object lives, so do not change it afterwards. Throws on a bad entry. */
export function compile(policy: EgressPolicy): CompiledPolicy {
  const known = compiled.get(policy);
  if (known) return known;
  const fresh = new CompiledPolicy(policy);
  compiled.set(policy, fresh);
  return fresh;
}
