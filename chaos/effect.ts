import { Catalog, COMMANDS } from '@tandem/contracts/catalog';
import { defineCommand } from '@tandem/contracts/command';
import type { CommandContext } from '@tandem/messaging/handler';
import { RetryLater } from '@tandem/messaging/outcome';
import { Pool, type PoolClient } from 'pg';
import { z } from 'zod';

/** A command whose effect can be counted: one row. */
export const TakeEffect = defineCommand('chaos.effect', {
  summary: 'Insert one row, as a payment would',
  input: z.strictObject({ behave: z.enum(['quick', 'slow', 'fail-once']), ms: z.int().min(0).max(10_000) }),
  output: z.object({ again: z.boolean() }),
  timeout: '30s',
  attempts: 5,
  scope: 'chaos:effect',
});

/** Tandem's catalog with the command whose effects are counted. */
export const chaosCatalog = new Catalog([...COMMANDS, TakeEffect]);

/** No unique constraint on `effects`: an effect applied twice is two rows. */
export const SCHEMA = `
  CREATE SCHEMA chaos;
  CREATE TABLE chaos.inbox (job uuid PRIMARY KEY);
  CREATE TABLE chaos.effects (job uuid NOT NULL, worker text NOT NULL, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE chaos.runs (job uuid NOT NULL, attempt int NOT NULL, worker text NOT NULL, at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE chaos.absorbed (job uuid NOT NULL, worker text NOT NULL, at timestamptz NOT NULL DEFAULT now());`;

const RECEIVE = 'INSERT INTO chaos.inbox (job) VALUES ($1) ON CONFLICT DO NOTHING';
const APPLY = 'INSERT INTO chaos.effects (job, worker) VALUES ($1, $2)';
const COUNT_RUN = 'INSERT INTO chaos.runs (job, attempt, worker) VALUES ($1, $2, $3)';
const COUNT_ABSORBED = 'INSERT INTO chaos.absorbed (job, worker) VALUES ($1, $2)';

const AGAIN_AFTER_MS = 500;

/** The handler of {@link TakeEffect}, written as we ask everybody to write theirs: the effect and its inbox row commit together. */
export function effectHandler(databaseUrl: string, worker: string) {
  const pool = new Pool({
    connectionString: databaseUrl,
    max: 10,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    keepAlive: true,
  });
  pool.on('error', () => undefined); // the next query opens another
  return async ({ data, job }: CommandContext<typeof TakeEffect>) => {
    try {
      await pool.query(COUNT_RUN, [job.id, job.attempt, worker]);
      await work(data.ms / 2);
      if (data.behave === 'fail-once' && job.attempt === 1) throw new ToldToFail();
      const isFirst = await inTransaction(pool, (client) => applyOnce(client, job.id, worker));
      // Work after the effect widens the moment in which a death makes the command come again.
      await work(data.ms / 2);
      return { again: !isFirst };
    } catch (error) {
      if (error instanceof ToldToFail) throw error;
      // The database is away: no fault of the job, so it must not cost one of its attempts.
      throw new RetryLater(AGAIN_AFTER_MS, 'The database of the effects did not answer.');
    }
  };
}

async function applyOnce(client: PoolClient, job: string, worker: string): Promise<boolean> {
  const { rowCount } = await client.query(RECEIVE, [job]);
  await client.query(rowCount === 1 ? APPLY : COUNT_ABSORBED, [job, worker]);
  return rowCount === 1;
}

async function inTransaction<T>(pool: Pool, run: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const lose = (error: Error) => {
    broken = error;
  };
  client.on('error', lose); // the pool listens only while it holds the client
  try {
    await client.query('BEGIN');
    const result = await run(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    broken = error as Error; // whatever it was, the server rolls back when the connection closes
    throw error;
  } finally {
    client.off('error', lose);
    client.release(broken);
  }
}

function work(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

class ToldToFail extends Error {
  override readonly name = 'ToldToFail';
}
