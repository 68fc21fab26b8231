import type { ClientBase, Pool, PoolClient } from 'pg';

const listeners = new WeakMap<ClientBase, (() => void)[]>();

/**
 * Runs `work` in one transaction: it commits when `work` resolves and rolls back when it throws, and the error goes on.
 * Should the connection be lost, the commit included, this rejects; the transaction may then have been committed.
 */
export async function transaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  // The pool listens only to the clients that it holds; without a listener a lost connection would end the process.
  let broken: Error | undefined;
  const lose = (error: Error) => {
    broken = error;
  };
  client.on('error', lose);
  const committed: (() => void)[] = [];
  listeners.set(client, committed);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    for (const listener of committed) listener();
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(lose);
    throw error;
  } finally {
    listeners.delete(client);
    client.removeListener('error', lose);
    client.release(broken);
  }
}

/** Calls `listener` once the {@link transaction} of `client` has committed; never for one that was begun by other means. */
export function afterCommit(client: ClientBase, listener: () => void): void {
  listeners.get(client)?.push(listener);
}
