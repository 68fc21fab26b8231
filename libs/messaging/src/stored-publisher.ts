import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { atEndOfTurn } from './end-of-turn.js';

const PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;

interface Pending {
  resolve: () => void;
  reject: (error: Error) => void;
  deadline: number;
}

/**
 * Publishes to JetStream, and resolves when the message is stored. What `JetStreamClient.publish` does, for many at
 * once: one reply subject for all, one timer for all, one write per turn of the event loop.
 */
export class StoredPublisher {
  readonly #inbox = createInbox();
  readonly #pending = new Map<string, Pending>();
  #sequence = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly nc: NatsConnection) {
    nc.subscribe(`${this.#inbox}.*`, { callback: (_error, message) => this.#answered(message) });
    void this.#watchConnection();
  }

  /** Rejects when JetStream refuses the message, no stream takes its subject, or no answer comes within 5 s. */
  publish(subject: string, payload: string | Uint8Array, headers?: MsgHdrs): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#sequence += 1;
      const token = this.#sequence.toString(36);
      this.#pending.set(token, { resolve, reject, deadline: Date.now() + PATIENCE_MS });
      this.#timer ??= setInterval(() => this.#giveUp(), LOOK_EVERY_MS).unref();
      atEndOfTurn(() => {
        try {
          this.nc.publish(subject, payload, { headers, reply: `${this.#inbox}.${token}` });
        } catch (error) {
          this.#settle(token, error as Error);
        }
      });
    });
  }

  /** An answer that was under way when the connection broke never comes; who waits for it can try again at once. */
  async #watchConnection(): Promise<void> {
    for await (const { type } of this.nc.status()) {
      if (type !== 'disconnect') continue;
      for (const token of [...this.#pending.keys()]) this.#settle(token, new Error('the connection to NATS broke'));
    }
  }

  #answered(message: Msg): void {
    this.#settle(message.subject.slice(this.#inbox.length + 1), refusalOf(message));
  }

  #settle(token: string, error?: Error): void {
    const pending = this.#pending.get(token);
    this.#pending.delete(token);
    if (error) pending?.reject(error);
    else pending?.resolve();
  }

  #giveUp(): void {
    const now = Date.now();
    for (const [token, { deadline }] of this.#pending) {
      // In the order of publication: the first that may still wait ends the search.
      if (deadline > now) break;
      this.#settle(token, new Error(`JetStream gave no answer within ${PATIENCE_MS / 1000} s`));
    }
    if (this.#pending.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function refusalOf(message: Msg): Error | undefined {
  if (message.headers?.code === 503) return new Error('no stream takes this subject');
  const { error } = message.json<{ error?: { description: string } }>();
  return error && new Error(`JetStream refused the message: ${error.description}`);
}
