import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Presets: every version is a row that nobody changes. A deleted one stays, so that its number is never given again. */
export class Presets1764000100000 implements MigrationInterface {
  name = 'Presets1764000100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE gateway.presets (
        tenant text NOT NULL,
        name text NOT NULL,
        version int NOT NULL,
        options jsonb NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz,
        PRIMARY KEY (tenant, name, version)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE gateway.presets');
  }
}
