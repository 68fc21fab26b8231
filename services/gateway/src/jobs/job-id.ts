import { randomUUID } from 'node:crypto';

/**
 * A UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, so that the ledger's index grows at one end, and 74 random
 * bits, so that an id cannot be guessed. They are those of a version 4, for which Node draws randomness in bulk.
 */
export function newJobId(now: number = Date.now()): string {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
