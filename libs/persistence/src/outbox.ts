import type { EventDefinition } from '@tandem/contracts/event';
import { eventMessage, type NewEvent } from '@tandem/messaging/event-message';
import { traceParent } from '@tandem/telemetry/propagation';
import type { ClientBase } from 'pg';
import { schemaName } from './schema-name.js';
import { afterCommit } from './transaction.js';

/**
 * Events that a service publishes if and only if its transaction commits. An `OutboxRelay` hands them to JetStream.
 * It needs the tables of `inboxAndOutbox` in the service's schema.
 */
export class Outbox {
  readonly schema: string;
  readonly #insert: string;
  readonly #wakers = new Set<() => void>();

  constructor(schema: string) {
    this.schema = schemaName(schema);
    this.#insert = `
      INSERT INTO ${this.schema}.outbox (nats_subject, subject, envelope, trace_parent) VALUES ($1, $2, $3, $4)`;
  }

  /**
   * Adds an event to the transaction of `client`. The relay of this process hears of it when a `transaction()` commits;
   * after any other commit it is published within a second.
   * Throws zod's error when the data does not match the declaration, and a `RangeError` when NATS cannot take the event.
   */
  async add<E extends EventDefinition>(client: ClientBase, fact: NewEvent<E>): Promise<void> {
    const { natsSubject, envelope } = eventMessage(fact);
    await client.query(this.#insert, [natsSubject, fact.subject, JSON.stringify(envelope), traceParent() ?? null]);
    afterCommit(client, () => {
      for (const wake of this.#wakers) wake();
    });
  }

  /** Calls `wake` whenever events have been committed in this process. Returns a function that ends it. */
  onCommit(wake: () => void): () => void {
    this.#wakers.add(wake);
    return () => this.#wakers.delete(wake);
  }
}
