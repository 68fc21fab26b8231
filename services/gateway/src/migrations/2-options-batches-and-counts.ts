import type { MigrationInterface, QueryRunner } from 'typeorm';

const NO_BATCH = '00000000-0000-0000-0000-000000000000';

/** Options of a submission, batches, replays, paused commands, and counts of jobs that no query has to scan for. */
export class OptionsBatchesAndCounts1763800000000 implements MigrationInterface {
  name = 'OptionsBatchesAndCounts1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE gateway.jobs
        ADD lane smallint NOT NULL DEFAULT 1,
        ADD waiting boolean NOT NULL DEFAULT false,
        ADD run_at timestamptz,
        ADD expires_at timestamptz,
        ADD timeout_ms int,
        ADD backoff json,
        ADD tags text[] NOT NULL DEFAULT '{}',
        ADD parent uuid,
        ADD batch uuid,
        ADD replay_of uuid,
        ADD replayed_by uuid,
        ADD cancel_requested_at timestamptz,
        ADD cancel_unsent boolean NOT NULL DEFAULT false`);
    await indexes(runner);
    await tables(runner);
    await counting(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE gateway.job_tags, gateway.batches, gateway.replays, gateway.release_owners, gateway.paused_commands',
    );
    for (const event of ['insert', 'update', 'delete']) {
      await runner.query(`DROP TRIGGER count_${event} ON gateway.jobs`);
    }
    await runner.query('DROP FUNCTION gateway.count_jobs');
    await runner.query('DROP TABLE gateway.job_counts, gateway.job_count_changes');
    await runner.query('DROP INDEX gateway.jobs_held');
    await runner.query(`
      ALTER TABLE gateway.jobs
        DROP lane, DROP waiting, DROP run_at, DROP expires_at, DROP timeout_ms, DROP backoff, DROP tags, DROP parent,
        DROP batch, DROP replay_of, DROP replayed_by, DROP cancel_requested_at, DROP cancel_unsent`);
    await runner.query(`
      CREATE INDEX jobs_open ON gateway.jobs (command, id) WHERE status IN ('accepted', 'running', 'retrying')`);
    await runner.query('DROP INDEX gateway.jobs_status');
  }
}

/** Partial wherever it can be: a job that succeeds at once touches the first two only. */
async function indexes(runner: QueryRunner): Promise<void> {
  await runner.query('DROP INDEX gateway.jobs_open');
  const all = {
    // The window of a tenant, and what reconciliation compares with the broker.
    jobs_held: `(command, tenant, id) WHERE due_at IS NULL AND NOT waiting AND status IN ('accepted', 'running', 'retrying')`,
    jobs_status: `(tenant, status, id DESC) WHERE status <> 'succeeded'`,
    jobs_waiting: '(command, tenant, lane, id) WHERE waiting',
    jobs_expiring: `(expires_at) WHERE expires_at IS NOT NULL AND status IN ('accepted', 'retrying')`,
    jobs_cancelling: '(id) WHERE cancel_unsent',
    jobs_parent: '(parent, id DESC) WHERE parent IS NOT NULL',
    jobs_batch: '(batch, id DESC) WHERE batch IS NOT NULL',
  };
  for (const [name, definition] of Object.entries(all))
    await runner.query(`CREATE INDEX ${name} ON gateway.jobs ${definition}`);
  // A failed job is replayed once; the replay may be replayed again.
  await runner.query('CREATE UNIQUE INDEX jobs_replay ON gateway.jobs (replay_of) WHERE replay_of IS NOT NULL');
}

async function tables(runner: QueryRunner): Promise<void> {
  // In the order of ids, so that a page of a tag with a million jobs is a page. A GIN index gives no order.
  await runner.query(`
    CREATE TABLE gateway.job_tags (
      tenant text NOT NULL,
      tag text NOT NULL,
      job uuid NOT NULL REFERENCES gateway.jobs ON DELETE CASCADE,
      PRIMARY KEY (tenant, tag, job)
    )`);
  await runner.query('CREATE INDEX job_tags_job ON gateway.job_tags (job)');
  await runner.query(`
    CREATE TABLE gateway.batches (
      id uuid PRIMARY KEY,
      tenant text NOT NULL,
      actor text NOT NULL,
      total int NOT NULL,
      idempotency_key text,
      request_hash bytea,
      created_at timestamptz NOT NULL
    )`);
  await runner.query(`
    CREATE UNIQUE INDEX batches_idempotency ON gateway.batches (tenant, actor, idempotency_key)
    WHERE idempotency_key IS NOT NULL`);
  await runner.query(`
    CREATE TABLE gateway.replays (
      id uuid PRIMARY KEY,
      tenant text NOT NULL,
      actor text NOT NULL,
      own boolean NOT NULL,
      filter json NOT NULL,
      status text NOT NULL DEFAULT 'running',
      matched int NOT NULL,
      replayed int NOT NULL DEFAULT 0,
      cursor uuid,
      lease_until timestamptz NOT NULL DEFAULT now(),
      created_at timestamptz NOT NULL DEFAULT now(),
      finished_at timestamptz
    )`);
  await runner.query(`CREATE INDEX replays_running ON gateway.replays (lease_until) WHERE status = 'running'`);
  await runner.query(`
    CREATE TABLE gateway.release_owners (
      command text NOT NULL,
      tenant text NOT NULL,
      owner uuid NOT NULL,
      until timestamptz NOT NULL,
      PRIMARY KEY (command, tenant)
    )`);
  await runner.query(`
    CREATE TABLE gateway.paused_commands (
      command text PRIMARY KEY,
      paused_by text NOT NULL,
      paused_at timestamptz NOT NULL DEFAULT now()
    )`);
}

/**
 * Counts are kept by statement triggers, so that no statement can forget them. Every change is a row of its own: a
 * counter that all writers update would make them wait for one another. The gateway folds changes into counts.
 */
async function counting(runner: QueryRunner): Promise<void> {
  const columns = 'tenant text NOT NULL, command text NOT NULL, batch uuid NOT NULL, status text NOT NULL';
  await runner.query(`CREATE TABLE gateway.job_count_changes (${columns}, n bigint NOT NULL)`);
  await runner.query(`
    CREATE TABLE gateway.job_counts (${columns}, n bigint NOT NULL, PRIMARY KEY (tenant, command, batch, status))`);
  await runner.query('CREATE INDEX job_counts_batch ON gateway.job_counts (batch)');
  const key = `tenant, command, coalesce(batch, '${NO_BATCH}'), status`;
  await runner.query(`
    CREATE FUNCTION gateway.count_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        INSERT INTO gateway.job_count_changes SELECT ${key}, count(*) FROM new_rows GROUP BY 1, 2, 3, 4;
      ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO gateway.job_count_changes SELECT ${key}, -count(*) FROM old_rows GROUP BY 1, 2, 3, 4;
      ELSE
        INSERT INTO gateway.job_count_changes
        SELECT tenant, command, batch, status, sum(n) FROM (
          SELECT tenant, command, coalesce(batch, '${NO_BATCH}') AS batch, status, -1 AS n FROM old_rows
          UNION ALL SELECT ${key}, 1 FROM new_rows
        ) AS change GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0;
      END IF;
      RETURN NULL;
    END $$`);
  await runner.query(`
    INSERT INTO gateway.job_counts SELECT ${key}, count(*) FROM gateway.jobs GROUP BY 1, 2, 3, 4`);
  const rows = { insert: 'NEW TABLE AS new_rows', delete: 'OLD TABLE AS old_rows' };
  for (const [event, tables] of Object.entries({ ...rows, update: `${rows.delete} ${rows.insert}` })) {
    await runner.query(`
      CREATE TRIGGER count_${event} AFTER ${event} ON gateway.jobs REFERENCING ${tables}
      FOR EACH STATEMENT EXECUTE FUNCTION gateway.count_jobs()`);
  }
}
