import type pg from 'pg';

/** Forgets all jobs, batches and counts, so that a later round does not run on larger tables. */
export async function emptyLedger(ledger: pg.Pool | pg.Client): Promise<void> {
  const { rows } = await ledger.query<{ name: string }>(
    `SELECT format('gateway.%I', tablename) AS name FROM pg_tables WHERE schemaname = 'gateway' AND tablename ~ '^(job|batch|replay)'`,
  );
  await ledger.query(`TRUNCATE ${rows.map(({ name }) => name).join(', ')} CASCADE`);
}
