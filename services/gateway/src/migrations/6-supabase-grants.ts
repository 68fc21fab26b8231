import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What Supabase Storage allowed the caller of a job: URLs with an end, which go to its worker and nowhere else. */
export class SupabaseGrants1764000200000 implements MigrationInterface {
  name = 'SupabaseGrants1764000200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE gateway.jobs ADD supabase json');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE gateway.jobs DROP supabase');
  }
}
