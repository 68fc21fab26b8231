import type { Logger } from '@tandem/telemetry/logger';
import type { Connection } from './connection.js';
import { sendAll } from './end-of-turn.js';
import { type PulledMessage, PullSubscription } from './pull-subscription.js';
import { ACK_WAIT_MS } from './streams.js';

const PAUSE_AFTER_ERROR_MS = 500;

/** What {@link PulledMessages} needs. */
export interface PullOptions {
  stream: string;
  /** Durable consumers of the stream, in the order by which `room` and `take` name them. */
  durables: readonly string[];
  /** Creates stream and consumers where they are missing; called again when pulling failed, as after a wiped store. */
  bind: () => Promise<void>;
  /** How many messages more of a consumer may be held than are held and requested now. */
  room: (consumer: number) => number;
  /** Fewer are not asked for, so that a busy reader asks seldom. */
  least: number;
  /** Receives every message. Each must be released in the end. */
  take: (message: PulledMessage, consumer: number) => void;
  log: Logger;
}

/**
 * Keeps messages of durable consumers in hand, as many as there is room for. What is in hand is kept alive by heartbeats until
 * it is released. Survives reconnections, and the loss of consumers and stream.
 */
export class PulledMessages {
  readonly #held = new Set<PulledMessage>();
  readonly #idle: (() => void)[] = [];
  #pulls: PullSubscription[] = [];
  #stopped = false;
  #binding = false;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly options: PullOptions,
  ) {}

  /** Rejects when the consumers cannot be bound. */
  async start(): Promise<void> {
    const { stream, durables, bind } = this.options;
    await bind();
    this.#pulls = durables.map(
      (durable, consumer) =>
        new PullSubscription(this.connection.nc, stream, durable, {
          message: (message) => this.#take(message, consumer),
          room: () => this.pump(),
          lost: (reason) => void this.#rebind(reason),
        }),
    );
    this.#heartbeat = setInterval(() => {
      for (const message of this.#held) message.working();
    }, ACK_WAIT_MS / 3);
    // Pull requests live in the server's memory: after a restart it knows none of them.
    this.connection.onReconnect(() => {
      for (const pull of this.#pulls) pull.forget();
      this.pump();
    });
    this.pump();
  }

  /** Settles a message. */
  release(message: PulledMessage, settle: () => void): void {
    this.#held.delete(message);
    settle();
    if (this.#held.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Asks for what there is room for; to be called whenever there is more of it. */
  pump(): void {
    if (this.#stopped || this.#binding || !this.connection.up()) return;
    for (const [consumer, pull] of this.#pulls.entries()) {
      const free = this.options.room(consumer) - pull.requested;
      if (free >= this.options.least) pull.request(free);
    }
  }

  /**
   * Pulls no more. What the server sends before it hears of that still comes in, and is handed back at once; resolves when
   * everything in hand has been released.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#pulls.map((pull) => pull.close()));
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearInterval(this.#heartbeat);
    sendAll();
  }

  /** A consumer is gone or has no leader: it is provisioned again, then asked again. */
  async #rebind(reason: string): Promise<void> {
    if (this.#stopped || this.#binding) return;
    this.#binding = true;
    this.options.log.warn({ reason }, 'pull refused, trying again');
    await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_ERROR_MS));
    await this.options.bind().catch((err: unknown) => this.options.log.warn({ err }, 'consumer not ready'));
    this.#binding = false;
    this.pump();
  }

  #take(message: PulledMessage, consumer: number): void {
    if (this.#stopped) {
      message.nak();
      return;
    }
    this.#held.add(message);
    this.options.take(message, consumer);
  }
}
