import { lookup } from 'node:dns/promises';
import { fairly } from './fair-lookups.js';

/**
 * All addresses of a name, for the request of a tenant or, without one, the operator's own. An error with code `ENOTFOUND` or
 * `ENODATA`, or no address, says that there is no such name.
 */
export type Resolve = (host: string, signal: AbortSignal, tenant?: string) => Promise<readonly string[]>;

/**
 * Half of libuv's threads, which is what it gives to look-ups, so that names that hang stop no disk access. What else were asked
 * for would wait there, and could not be called back. libuv itself reads the variable.
 */
const AT_ONCE = Math.max(2, Math.floor((Number(process.env.UV_THREADPOOL_SIZE) || 4) / 2));

/** Asks the system, so /etc/hosts and search domains count. A look-up that has begun cannot be cancelled. */
export const systemResolve: Resolve = fairly(async (host) => {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
}, AT_ONCE);
