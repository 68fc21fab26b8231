import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Callbacks: what a submission asked for stays with its job, what is owed once the job has ended is a row of its own. */
export class Callbacks1763910000000 implements MigrationInterface {
  name = 'Callbacks1763910000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE gateway.jobs ADD callback json');
    // `claims` counts who took the row, so that the outcome of a delivery that lost its lease changes nothing.
    await runner.query(`
      CREATE TABLE gateway.callbacks (
        job uuid PRIMARY KEY REFERENCES gateway.jobs ON DELETE CASCADE,
        host text NOT NULL,
        status text NOT NULL DEFAULT 'pending',
        attempts int NOT NULL DEFAULT 0,
        claims int NOT NULL DEFAULT 0,
        error text,
        due_at timestamptz DEFAULT now(),
        delivered_at timestamptz
      )`);
    await runner.query('CREATE INDEX callbacks_due ON gateway.callbacks (due_at) WHERE due_at IS NOT NULL');
    // A trigger, because a job ends in several places, and none of them may forget its callback.
    await runner.query(`
      CREATE FUNCTION gateway.owe_callback() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO gateway.callbacks (job, host) VALUES (NEW.id, NEW.callback->>'host') ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER owe_callback AFTER UPDATE OF status ON gateway.jobs FOR EACH ROW
      WHEN (NEW.callback IS NOT NULL AND NEW.status IN ('succeeded', 'failed', 'cancelled', 'expired')
        AND OLD.status IN ('accepted', 'running', 'retrying'))
      EXECUTE FUNCTION gateway.owe_callback()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER owe_callback ON gateway.jobs');
    await runner.query('DROP FUNCTION gateway.owe_callback');
    await runner.query('DROP TABLE gateway.callbacks');
    await runner.query('ALTER TABLE gateway.jobs DROP callback');
  }
}
