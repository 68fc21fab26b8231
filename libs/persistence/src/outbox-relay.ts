import type { Envelope } from '@tandem/contracts/envelope';
import type { Connection } from '@tandem/messaging/connection';
import { EventPublisher } from '@tandem/messaging/event-publisher';
import type { Logger } from '@tandem/telemetry/logger';
import { outboxLag } from '@tandem/telemetry/metrics';
import { contextFromTraceParent } from '@tandem/telemetry/propagation';
import type { Pool, PoolClient } from 'pg';
import type { Outbox } from './outbox.js';
import { transaction } from './transaction.js';

const POLL_MS = 1_000;
const REFUSED_PAUSE_MS = 2_000;
/** Events of one transaction. */
const BATCH = 500;
/** Oldest events among which relays choose; a few batches, so that several find work. */
const WINDOW = 4 * BATCH;

interface Row {
  position: string;
  nats_subject: string;
  subject: string;
  envelope: Envelope;
  trace_parent: string | null;
  created_at: Date;
}

/** What an {@link OutboxRelay} needs. */
export interface RelayOptions {
  outbox: Outbox;
  pool: Pool;
  connection: Connection;
  log: Logger;
}

/**
 * Hands the events of an outbox to JetStream, in their order for each subject. Every process of a service runs one.
 *
 * A round is one transaction: it locks the first event of some subjects, publishes these and the ones behind them, and
 * deletes what JetStream stored. Whatever ends it in between, the rows are there again, and are published with the same
 * message ids: JetStream drops a repeat within two minutes, the inboxes of the readers drop a later one.
 * Row locks are all that it uses, so it works through a transaction pooler.
 *
 * The relay stands in this lib because it is persistence that publishes: `messaging` knows no database, and the imports
 * go one way.
 */
export class OutboxRelay {
  readonly #publisher: EventPublisher;
  readonly #lockHeads: string;
  readonly #fetch: string;
  readonly #delete: string;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #busy: Promise<void> | undefined;
  #again = false;
  #refused = false;
  #stopped = false;

  constructor(private readonly options: RelayOptions) {
    this.#publisher = new EventPublisher(options.connection.nc);
    const table = `${options.outbox.schema}.outbox`;
    // The first event of a subject stands for all behind it: as long as it is locked, or not yet deleted in the eyes of
    // another process, that one takes none of them. So several relays keep the order of each subject. Only the oldest
    // rows are looked at: a subject's first row among them is its first of all, and a long backlog costs no more.
    const oldest = `(SELECT * FROM ${table} ORDER BY position LIMIT ${WINDOW}) oldest`;
    this.#lockHeads = `
      SELECT subject FROM ${table}
      WHERE position IN (SELECT min(position) FROM ${oldest} GROUP BY subject)
      ORDER BY position LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`;
    this.#fetch = `SELECT * FROM ${oldest} WHERE subject = ANY($1) ORDER BY position LIMIT ${BATCH}`;
    this.#delete = `DELETE FROM ${table} WHERE position = ANY($1)`;
  }

  /** Begins to relay: at once after a commit in this process, and once a second for what others left behind. */
  start(): void {
    this.#unsubscribe = this.options.outbox.onCommit(() => this.#wake());
    this.options.connection.onReconnect(() => this.#wake());
    this.#wake();
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    clearTimeout(this.#timer);
    await this.#busy;
  }

  #wake(): void {
    // A broker that takes nothing, as when its store is full, is not asked again at every commit.
    if (this.#refused) return;
    if (this.#busy) this.#again = true;
    else this.#schedule(0);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#again = false;
      this.#busy = this.#round().then((pauseMs) => {
        this.#busy = undefined;
        this.#schedule(this.#again && !this.#refused ? 0 : pauseMs);
      });
    }, delayMs);
  }

  /** Milliseconds until the next round. */
  async #round(): Promise<number> {
    const { pool, connection, log } = this.options;
    // A transaction that waits for a broker would hold a connection for nothing.
    if (!connection.up()) return POLL_MS;
    try {
      const { found, stored } = await transaction(pool, (client) => this.#relay(client));
      this.#refused = stored < found;
      if (this.#refused) return REFUSED_PAUSE_MS;
      return stored > 0 ? 0 : POLL_MS;
    } catch (error) {
      log.warn({ err: error, schema: this.options.outbox.schema }, 'outbox not relayed, trying again');
      return POLL_MS;
    }
  }

  async #relay(client: PoolClient): Promise<{ found: number; stored: number }> {
    const heads = await client.query<{ subject: string }>(this.#lockHeads);
    if (heads.rows.length === 0) return { found: 0, stored: 0 };
    const { rows } = await client.query<Row>(this.#fetch, [heads.rows.map(({ subject }) => subject)]);
    const groups = Map.groupBy(rows, ({ subject }) => subject);
    const stored = (await Promise.all([...groups.values()].map((group) => this.#publishInOrder(group)))).flat();
    if (stored.length > 0) await client.query(this.#delete, [stored.map(({ position }) => position)]);
    return { found: rows.length, stored: stored.length };
  }

  /** Publishes one subject's events one after the other, up to the first that is not stored; answers with those that are. */
  async #publishInOrder(rows: Row[]): Promise<Row[]> {
    const { outbox, log } = this.options;
    const stored: Row[] = [];
    for (const row of rows) {
      const message = { id: row.envelope.id, natsSubject: row.nats_subject, envelope: row.envelope };
      try {
        await this.#publisher.send(message, contextFromTraceParent(row.trace_parent));
      } catch (error) {
        log.warn({ err: error, schema: outbox.schema, event: message.id }, 'event not stored by JetStream; it waits');
        break;
      }
      stored.push(row);
      outboxLag.observe({ schema: outbox.schema }, Math.max(0, Date.now() - row.created_at.getTime()) / 1000);
    }
    return stored;
  }
}
