import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { within } from './deadline.js';
import { dial } from './dial.js';
import type { CompiledPolicy, Target } from './policy.js';
import type { Resolve } from './resolve.js';
import { checkedAddresses } from './route.js';

/** How connections are made. */
export interface Connecting {
  resolve: Resolve;
  /** Whose request it is. */
  tenant?: string;
  connectMs: number;
  secureContext?: SecureContext;
}

/** Looks the target up once, checks every address and dials a checked one, with TLS when `secure`. */
export function connectChecked(
  target: Target,
  secure: boolean,
  policy: CompiledPolicy,
  { resolve, tenant, connectMs, secureContext }: Connecting,
  signal: AbortSignal,
): Promise<Socket> {
  return within(connectMs, 'connect', signal, async (limit) => {
    const lookUp = (host: string) => resolve(host, limit, tenant);
    const addresses = await checkedAddresses(target, policy, lookUp, limit);
    return dial({ ...target, addresses, secure }, limit, secureContext);
  });
}
