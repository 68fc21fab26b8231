import { lookup } from 'node:dns/promises';

/** All addresses of a name. An error with code `ENOTFOUND` or `ENODATA`, or no address, says that there is no such name. */
export type Resolve = (host: string, signal: AbortSignal) => Promise<readonly string[]>;

/**
 * Asks the system, so /etc/hosts and search domains count. It runs on libuv's threads and cannot be cancelled; libuv
 * gives such calls half of its threads at most, so names that hang stop no disk access.
 */
export const systemResolve: Resolve = async (host) => {
  const found = await lookup(host, { all: true, order: 'verbatim' });
  return found.map(({ address }) => address);
};
