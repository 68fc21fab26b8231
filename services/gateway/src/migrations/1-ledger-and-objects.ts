import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The job ledger and the register of objects. */
export class LedgerAndObjects1763700000000 implements MigrationInterface {
  name = 'LedgerAndObjects1763700000000';

  async up(runner: QueryRunner): Promise<void> {
    // Every job is updated two or three times soon after its insertion: room in the page keeps those updates local.
    await runner.query(`
      CREATE TABLE gateway.jobs (
        id uuid PRIMARY KEY,
        tenant text NOT NULL,
        actor text NOT NULL,
        command text NOT NULL,
        input json NOT NULL,
        objects json,
        idempotency_key text,
        request_hash bytea,
        status text NOT NULL DEFAULT 'accepted',
        position int NOT NULL DEFAULT 0,
        run int NOT NULL DEFAULT 0,
        attempt int NOT NULL DEFAULT 0,
        attempts int NOT NULL,
        due_at timestamptz,
        published_at timestamptz,
        moved_at timestamptz NOT NULL,
        result json,
        error json,
        history json[] NOT NULL DEFAULT '{}',
        trace_parent text,
        created_at timestamptz NOT NULL,
        started_at timestamptz,
        finished_at timestamptz
      ) WITH (fillfactor = 70)`);
    await runner.query(`
      CREATE UNIQUE INDEX jobs_idempotency ON gateway.jobs (tenant, actor, idempotency_key)
      WHERE idempotency_key IS NOT NULL`);
    await runner.query('CREATE INDEX jobs_due ON gateway.jobs (due_at) WHERE due_at IS NOT NULL');
    await runner.query(`
      CREATE INDEX jobs_open ON gateway.jobs (command, id) WHERE status IN ('accepted', 'running', 'retrying')`);
    await runner.query('CREATE INDEX jobs_tenant ON gateway.jobs (tenant, id DESC)');
    await runner.query(`
      CREATE TABLE gateway.objects (
        id uuid PRIMARY KEY,
        tenant text NOT NULL,
        owner text NOT NULL,
        sha256 text NOT NULL,
        size bigint NOT NULL,
        type text NOT NULL,
        name text,
        job_id uuid,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE gateway.objects');
    await runner.query('DROP TABLE gateway.jobs');
  }
}
