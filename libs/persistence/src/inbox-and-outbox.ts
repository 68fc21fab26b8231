import type { MigrationInterface, QueryRunner } from 'typeorm';
import { schemaName } from './schema-name.js';

/**
 * The migration that gives a service's schema the tables of `Inbox` and `Outbox`; list it among the service's own:
 * `migrations: [Wallet1763700000000, inboxAndOutbox('payments')]`.
 */
export function inboxAndOutbox(schema: string): new () => MigrationInterface {
  const name = schemaName(schema);
  return class implements MigrationInterface {
    name = 'InboxAndOutbox1763800000000';

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(`
        CREATE TABLE ${name}.inbox (
          consumer text NOT NULL,
          message_id text NOT NULL,
          received_at timestamptz NOT NULL DEFAULT now(),
          PRIMARY KEY (consumer, message_id)
        )`);
      await runner.query(`CREATE INDEX inbox_received ON ${name}.inbox (received_at)`);
      // Rows live for milliseconds: without frequent vacuuming the relay would wade through dead ones.
      await runner.query(`
        CREATE TABLE ${name}.outbox (
          position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          nats_subject text NOT NULL,
          subject text NOT NULL,
          envelope json NOT NULL,
          trace_parent text,
          created_at timestamptz NOT NULL DEFAULT clock_timestamp()
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000)`);
      await runner.query(`CREATE INDEX outbox_order ON ${name}.outbox (subject, position)`);
    }

    async down(runner: QueryRunner): Promise<void> {
      await runner.query(`DROP TABLE ${name}.outbox`);
      await runner.query(`DROP TABLE ${name}.inbox`);
    }
  };
}
