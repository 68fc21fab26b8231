/** The path of a nats-server 2.12 or newer on this machine or in the cache of the checkout `root`, if there is one. */
export function findNatsServer(root: string): string | undefined;

/** Like `findNatsServer`, but fetches one when there is none; undefined when NATS_URL names a running server. */
export function ensureNatsServer(root: string): Promise<string | undefined>;
