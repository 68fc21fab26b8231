import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Logger } from '@tandem/telemetry/logger';
import type { Connection } from './connection.js';
import { atEndOfTurn, sendAll } from './end-of-turn.js';
import { ACK_WAIT_MS } from './streams.js';

/** How long one pull request waits on the server. Also how long a pull that the server forgot can go unnoticed. */
const PULL_MS = 10_000;
const PAUSE_AFTER_ERROR_MS = 500;

/** What {@link PulledMessages} needs. */
export interface PullOptions {
  /** Creates what is missing and answers with the consumer; called again when pulling failed, as after a wiped store. */
  bind: () => Promise<Consumer>;
  /** Messages held at once. */
  capacity: number;
  /** Receives every message. Each must be released in the end. */
  take: (message: JsMsg) => void;
  log: Logger;
}

/**
 * Keeps up to `capacity` messages of a pull consumer in hand. What is in hand is kept alive by heartbeats until it is
 * released. Survives reconnections, and the loss of consumer and stream.
 */
export class PulledMessages {
  readonly #held = new Set<JsMsg>();
  readonly #pulls = new Set<ConsumerMessages>();
  readonly #idle: (() => void)[] = [];
  #requested = 0;
  #stopped = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #consumer: Consumer | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly options: PullOptions,
  ) {}

  /** Rejects when the consumer cannot be bound. */
  async start(): Promise<void> {
    this.#consumer = await this.options.bind();
    this.#heartbeat = setInterval(() => {
      for (const message of this.#held) atEndOfTurn(() => message.working());
    }, ACK_WAIT_MS / 3);
    // Pull requests live in the server's memory: after a restart it knows none of them.
    this.connection.onReconnect(() => {
      for (const pull of this.#pulls) pull.stop();
      this.#pump();
    });
    this.#pump();
  }

  /** Settles a message and makes room for another. */
  release(message: JsMsg, settle: () => void): void {
    this.#held.delete(message);
    atEndOfTurn(settle);
    if (this.#held.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    this.#pump();
  }

  /** Pulls no more. What still arrives is handed back at once. */
  stop(): void {
    this.#stopped = true;
    for (const pull of this.#pulls) pull.stop();
  }

  /** Resolves when everything in hand has been released, after {@link stop}. */
  async released(): Promise<void> {
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearInterval(this.#heartbeat);
    sendAll();
  }

  /** Keeps enough requested to fill the places, in batches of at least a quarter, so that a busy reader asks seldom. */
  #pump(): void {
    const free = this.options.capacity - this.#held.size - this.#requested;
    if (this.#stopped || free < Math.max(1, this.options.capacity / 4)) return;
    this.#requested += free;
    void this.#pull(free);
  }

  async #pull(count: number): Promise<void> {
    const { log, bind } = this.options;
    let received = 0;
    let pause = 0;
    let pull: ConsumerMessages | undefined;
    try {
      pull = await this.#consumer!.fetch({ max_messages: count, expires: PULL_MS });
      this.#pulls.add(pull);
      if (this.#stopped) pull.stop();
      for await (const message of pull) {
        received += 1;
        this.#requested -= 1;
        this.#take(message);
      }
    } catch (error) {
      pause = PAUSE_AFTER_ERROR_MS;
      if (!this.#stopped) {
        log.warn({ err: error }, 'pull failed, trying again');
        try {
          this.#consumer = await bind();
        } catch (cause) {
          log.warn({ err: cause }, 'consumer not ready');
        }
      }
    } finally {
      if (pull) this.#pulls.delete(pull);
      this.#requested -= count - received;
    }
    if (pause > 0) setTimeout(() => this.#pump(), pause).unref();
    else this.#pump();
  }

  #take(message: JsMsg): void {
    if (this.#stopped) {
      atEndOfTurn(() => message.nak());
      return;
    }
    this.#held.add(message);
    this.options.take(message);
  }
}
