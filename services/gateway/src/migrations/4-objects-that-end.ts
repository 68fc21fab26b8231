import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Objects that end, lists of objects, uploads in parts and links for uploads. */
export class ObjectsThatEnd1763920000000 implements MigrationInterface {
  name = 'ObjectsThatEnd1763920000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE gateway.objects ADD expires_at timestamptz');
    for (const [name, definition] of Object.entries(INDEXES))
      await runner.query(`CREATE INDEX ${name} ON gateway.objects ${definition}`);
    // Bytes that no object may need any more. When one is due, a gateway looks, and removes them or not.
    await runner.query(`
      CREATE TABLE gateway.loose_bytes (
        tenant text NOT NULL,
        sha256 text NOT NULL,
        due_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant, sha256)
      )`);
    await runner.query('CREATE INDEX loose_bytes_due ON gateway.loose_bytes (due_at)');
    await runner.query(`
      CREATE TABLE gateway.orphan_walk (
        lease_until timestamptz NOT NULL,
        done_at timestamptz NOT NULL
      )`);
    await runner.query('INSERT INTO gateway.orphan_walk VALUES (now(), now())');
    await runner.query(`
      CREATE TABLE gateway.uploads (
        id uuid PRIMARY KEY,
        tenant text NOT NULL,
        owner text NOT NULL,
        name text,
        finished_size bigint,
        expires_at timestamptz NOT NULL,
        holder uuid,
        held_until timestamptz,
        wanted boolean NOT NULL DEFAULT false
      )`);
    await runner.query('CREATE INDEX uploads_expiring ON gateway.uploads (expires_at)');
    await runner.query(`
      CREATE TABLE gateway.upload_links (
        id uuid PRIMARY KEY,
        tenant text NOT NULL,
        owner text NOT NULL,
        name text,
        max_bytes bigint,
        type text,
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      )`);
    await runner.query('CREATE INDEX upload_links_expiring ON gateway.upload_links (expires_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE gateway.upload_links, gateway.uploads, gateway.orphan_walk, gateway.loose_bytes');
    for (const name of Object.keys(INDEXES)) await runner.query(`DROP INDEX gateway.${name}`);
    await runner.query('ALTER TABLE gateway.objects DROP expires_at');
  }
}

const INDEXES = {
  objects_newest: '(tenant, created_at DESC, id DESC)',
  objects_bytes: '(tenant, sha256)',
  objects_job: '(job_id) WHERE job_id IS NOT NULL',
  objects_expiring: '(expires_at) WHERE expires_at IS NOT NULL',
  // Each row stands in one of the two, so the oldest of either kind are found without passing the other's.
  objects_uploads: '(created_at) WHERE job_id IS NULL',
  objects_results: '(created_at) WHERE job_id IS NOT NULL',
};
