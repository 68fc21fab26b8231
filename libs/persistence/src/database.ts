import 'reflect-metadata';
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { DataSource, type EntitySchema, type MigrationInterface } from 'typeorm';
import { prepared } from './preparing-client.js';

/** What a service's database needs. */
export interface DatabaseOptions {
  url: string;
  /** The service's own Postgres schema; no other service reads it. */
  schema: string;
  entities?: EntitySchema[];
  migrations: (new () => MigrationInterface)[];
  /** Connections in the pool. */
  poolSize?: number;
  /** Prepare statements by name, see `preparing-client.ts`. */
  prepare?: boolean;
}

/**
 * Connects, creates the schema and runs the migrations that are missing. Several processes may start at once: a
 * transaction-level advisory lock lets one migrate while the others wait (it also works through a transaction pooler).
 * Throws an `Error` with a sentence for the operator when the database cannot be reached.
 */
export async function openDatabase(options: DatabaseOptions): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url: options.url,
    schema: options.schema,
    entities: options.entities ?? [],
    migrations: options.migrations,
    migrationsTableName: 'migrations',
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: 5_000,
    // A pool's idle connection that dies is replaced by the next query; without a listener it would end the process.
    poolErrorHandler: () => undefined,
    // A frozen or cut-off server is given up, and the client with it.
    extra: { keepAlive: true, query_timeout: 30_000, ...(options.prepare ? prepared : {}) },
  });
  try {
    await source.initialize();
  } catch (cause) {
    const reason = cause instanceof Error && cause.message ? `: ${cause.message}` : '';
    throw new Error(
      `PostgreSQL cannot be used at DATABASE_URL (${address(options.url)})${reason}. Start it, or correct the address.`,
      {
        cause,
      },
    );
  }
  await migrate(source, options.schema);
  return source;
}

async function migrate(source: DataSource, schema: string): Promise<void> {
  const lock = createHash('sha256').update(`tandem:${schema}`).digest().readInt32BE(0);
  const runner = source.createQueryRunner();
  await runner.startTransaction();
  try {
    await runner.query('SELECT pg_advisory_xact_lock($1)', [lock]);
    await source.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    await source.runMigrations({ transaction: 'each' });
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

/** The `pg` pool under a data source, for hot queries that are plain SQL. */
export function poolOf(source: DataSource): Pool {
  return (source.driver as unknown as { master: Pool }).master;
}

function address(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    return 'not a URL';
  }
}
