import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Templates: every version is a row that nobody changes; `tenant` is empty for those that all tenants share. A deleted one
 * stays, so that its number is never given again, and keeps its bundle while a job may need it.
 */
export class Templates1764100000000 implements MigrationInterface {
  name = 'Templates1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    // `json`, because `jsonb` refuses \u0000 and forgets the order of fields, which forms are built by.
    await runner.query(`
      CREATE TABLE gateway.templates (
        tenant text NOT NULL,
        name text NOT NULL,
        version int NOT NULL,
        sha256 text NOT NULL,
        size int NOT NULL,
        bundle bytea,
        schema json,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz,
        PRIMARY KEY (tenant, name, version)
      )`);
    // It is compressed already.
    await runner.query('ALTER TABLE gateway.templates ALTER bundle SET STORAGE EXTERNAL');
    await runner.query(`
      CREATE INDEX templates_to_purge ON gateway.templates (deleted_at) WHERE deleted_at IS NOT NULL AND bundle IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE gateway.templates');
  }
}
