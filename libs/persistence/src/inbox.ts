import type { Logger } from '@tandem/telemetry/logger';
import type { ClientBase, Pool } from 'pg';
import { schemaName } from './schema-name.js';

const DAY_MS = 86_400_000;
const SWEEP_EVERY_MS = 3_600_000;
const SWEEP_ROWS = 5_000;

/** What an {@link Inbox} needs. */
export interface InboxOptions {
  /** The service's schema, with the tables of `inboxAndOutbox`. */
  schema: string;
  pool: Pool;
  log: Logger;
  /** Days after which a message is forgotten. Default 30: an event lives 7 in its stream, and 14 more when parked. */
  keepDays?: number;
}

/** Remembers which messages took effect, in the transaction of the effect: at-least-once delivery, effects once. */
export class Inbox {
  readonly #insert: string;
  readonly #sweepOld: string;
  #sweptAt = Number.NEGATIVE_INFINITY;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(private readonly options: InboxOptions) {
    const table = `${schemaName(options.schema)}.inbox`;
    this.#insert = `INSERT INTO ${table} (consumer, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`;
    this.#sweepOld = `
      DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM ${table} WHERE received_at < now() - $1 * interval '1 ms'
        LIMIT ${SWEEP_ROWS} FOR UPDATE SKIP LOCKED
      ))`;
  }

  /**
   * Runs `effect` unless this consumer has had this message before. Resolves to true when it ran, to false for a repeat.
   * `client` must be in a transaction, such as `transaction()` gives, and `effect` must use it: both then commit or
   * neither does. A second delivery at the same time waits for the first one's transaction.
   */
  async once(
    client: ClientBase,
    { consumer, messageId }: { consumer: string; messageId: string },
    effect: () => Promise<unknown>,
  ): Promise<boolean> {
    this.#sweepWhenDue();
    const { rowCount } = await client.query(this.#insert, [consumer, messageId]);
    if (rowCount === 0) return false;
    await effect();
    return true;
  }

  /** Resolves when the removal of old rows that is under way, if any, has ended. */
  swept(): Promise<void> {
    return this.#sweeping;
  }

  /** Old rows are removed by use, at most hourly in each process, so that no service has a timer to forget. */
  #sweepWhenDue(): void {
    if (performance.now() - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = performance.now();
    this.#sweeping = this.#sweep().catch((err: unknown) =>
      this.options.log.warn(
        { err, schema: this.options.schema },
        'old inbox rows not removed, trying again in an hour',
      ),
    );
  }

  async #sweep(): Promise<void> {
    const { pool, keepDays = 30 } = this.options;
    for (;;) {
      const { rowCount } = await pool.query(this.#sweepOld, [keepDays * DAY_MS]);
      if ((rowCount ?? 0) < SWEEP_ROWS) return;
    }
  }
}
