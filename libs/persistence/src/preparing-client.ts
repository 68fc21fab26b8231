import { createHash } from 'node:crypto';
import pg from 'pg';

/** Statements that get a name; a program has fewer, unless it builds their text from values. */
const MOST_NAMES = 500;

const names = new Map<string, string>();

function nameOf(text: string): string | undefined {
  let name = names.get(text);
  if (!name && names.size < MOST_NAMES) {
    name = createHash('sha256').update(text).digest('base64url').slice(0, 32);
    names.set(text, name);
  }
  return name;
}

type Query = (this: pg.Client, query: unknown, values?: unknown, callback?: unknown) => unknown;
const query = pg.Client.prototype.query as unknown as Query;

/**
 * A client that prepares every statement with parameters once per connection, by name. PostgreSQL then parses and plans it
 * once: about a millisecond less for each of the ledger's statements. Not for a pooler in transaction mode that
 * does not follow prepared statements.
 */
class PreparingClient extends pg.Client {}

PreparingClient.prototype.query = function prepared(
  this: pg.Client,
  text: unknown,
  values?: unknown,
  callback?: unknown,
) {
  const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : undefined;
  if (!name) return query.call(this, text, values, callback);
  return query.call(this, { name, text, values }, callback ?? undefined);
} as never;

/**
 * Options of a pool whose connections prepare. A plan is made once and kept while tables grow, so it must not be one that is
 * good for a small table alone: measured, a plan of the first minute drained 100,000 jobs at a third of the speed.
 */
export const prepared = {
  Client: PreparingClient,
  options: '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off',
};
