import { type ConsumerMessages, DeliverPolicy, jetstream } from '@nats-io/jetstream';
import { ALL_CANCELLATIONS, cancelSubject, STREAMS } from '@tandem/contracts/subjects';
import type { Logger } from '@tandem/telemetry/logger';
import type { Connection } from './connection.js';
import { CANCELLATIONS_KEPT_MS } from './streams.js';

const PAUSE_MS = 500;
const CATCH_UP_MS = 5_000;
const PREFIX = cancelSubject('');

/**
 * The jobs that were cancelled lately, as the control stream tells it. A worker reads the stream from its start, so it
 * also knows of jobs that were cancelled before it was there and whose commands the broker still holds.
 */
export class Cancellations {
  /** When each was heard of, the oldest first. */
  readonly #cancelled = new Map<string, number>();
  readonly #running = new Map<string, () => void>();
  #messages: ConsumerMessages | undefined;
  #stopped = false;

  constructor(
    private readonly connection: Connection,
    private readonly log: Logger,
  ) {}

  /** Resolves when everything is known that was cancelled before. */
  async start(): Promise<void> {
    const caughtUp = await this.#read();
    void this.#readOn();
    await Promise.race([caughtUp, new Promise((resolve) => setTimeout(resolve, CATCH_UP_MS).unref())]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#messages?.close();
  }

  has(jobId: string): boolean {
    return this.#cancelled.has(jobId);
  }

  /** Calls `cancel` should the job be cancelled until the returned function is called. */
  watch(jobId: string, cancel: () => void): () => void {
    this.#running.set(jobId, cancel);
    return () => {
      if (this.#running.get(jobId) === cancel) this.#running.delete(jobId);
    };
  }

  async #read(): Promise<Promise<void>> {
    const consumer = await jetstream(this.connection.nc).consumers.get(STREAMS.control.name, {
      filter_subjects: ALL_CANCELLATIONS,
      deliver_policy: DeliverPolicy.All,
    });
    let left = (await consumer.info()).num_pending;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (left === 0) resolve();
    this.#messages = await consumer.consume({
      abort_on_missing_resource: true,
      callback: (message) => {
        this.#cancel(message.subject.slice(PREFIX.length));
        left -= 1;
        if (left === 0) resolve();
      },
    });
    return promise;
  }

  /** Opens the reading again whenever it ends, as when the store was wiped. */
  async #readOn(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#messages?.closed();
        if (this.#stopped) return;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        await this.#read();
      } catch (error) {
        this.#messages = undefined;
        this.log.warn({ err: error }, 'cancellations cannot be read, trying again');
      }
    }
  }

  #cancel(jobId: string): void {
    const now = Date.now();
    for (const [id, heardAt] of this.#cancelled) {
      if (heardAt > now - CANCELLATIONS_KEPT_MS) break;
      this.#cancelled.delete(id);
    }
    this.#cancelled.set(jobId, now);
    this.#running.get(jobId)?.();
  }
}
