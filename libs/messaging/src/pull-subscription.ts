import { createInbox, headers, type Msg, type MsgHdrs, type NatsConnection, nanos } from '@nats-io/transport-node';
import { atEndOfTurn } from './end-of-turn.js';

/** How long one request for messages waits on the server. */
const EXPIRES_MS = 10_000;
/** A request of which nothing is heard so long after its end was forgotten, as by a server that restarted. */
const FORGOTTEN_AFTER_MS = 2_000;
const LOOK_EVERY_MS = 1_000;

/** A message of a durable consumer, to be settled by exactly one of `ack`, `nak` and `term`. */
export class PulledMessage {
  /** 1 for the first delivery. */
  readonly deliveries: number;
  /** Place in the stream. */
  readonly sequence: number;
  /** When the stream stored it, in nanoseconds since the epoch. */
  readonly storedAtNanos: string;

  constructor(
    private readonly nc: NatsConnection,
    private readonly message: Msg,
  ) {
    // $JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>..., since NATS 2.10 possibly with domain and account in front.
    const tokens = message.reply!.split('.');
    const at = tokens.length > 9 ? 6 : 4;
    this.deliveries = Number(tokens[at]);
    this.sequence = Number(tokens[at + 1]);
    this.storedAtNanos = tokens[at + 3]!;
  }

  get subject(): string {
    return this.message.subject;
  }

  get data(): Uint8Array {
    return this.message.data;
  }

  get headers(): MsgHdrs {
    return this.message.headers ?? headers();
  }

  /** Throws a `SyntaxError` when the payload is no JSON. */
  json(): unknown {
    return this.message.json();
  }

  ack(): void {
    this.#answer('+ACK');
  }

  /** Gives the message back, to be delivered again at once or after a while. */
  nak(delayMs?: number): void {
    this.#answer(delayMs === undefined ? '-NAK' : `-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`);
  }

  /** Tells the server that the work goes on, so that nobody else is given it. */
  working(): void {
    this.#answer('+WPI');
  }

  /** Removes a message that nobody can handle. */
  term(reason: string): void {
    this.#answer(`+TERM ${reason}`);
  }

  #answer(verdict: string): void {
    atEndOfTurn(() => this.nc.publish(this.message.reply!, verdict));
  }
}

interface PullRequest {
  left: number;
  deadline: number;
}

/**
 * Pulls from a durable consumer through one subscription that lasts, where the client's `fetch` makes one for every
 * request. Requests are answered in their order, so counting what comes in tells how much is still to come; requests
 * that the server forgot are given up after their time, which is the watchdog against a pull that is stuck.
 */
export class PullSubscription {
  readonly #inbox = createInbox();
  readonly #requests: PullRequest[] = [];
  readonly #watchdog: NodeJS.Timeout;
  readonly #subscription;
  readonly #nextSubject: string;
  #requested = 0;

  /**
   * @param events `message` for each delivery; `room` when a request ended without all that it asked for; `lost` when the
   * consumer does not exist or has no leader
   */
  constructor(
    private readonly nc: NatsConnection,
    stream: string,
    durable: string,
    private readonly events: {
      message: (message: PulledMessage) => void;
      room: () => void;
      lost: (reason: string) => void;
    },
  ) {
    this.#nextSubject = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`;
    this.#subscription = nc.subscribe(this.#inbox, { callback: (_error, message) => this.#receive(message) });
    this.#watchdog = setInterval(() => this.#giveUp(), LOOK_EVERY_MS).unref();
  }

  /** Messages that were asked for and have not come yet. */
  get requested(): number {
    return this.#requested;
  }

  request(count: number): void {
    this.#requests.push({ left: count, deadline: Date.now() + EXPIRES_MS + FORGOTTEN_AFTER_MS });
    this.#requested += count;
    const query = JSON.stringify({ batch: count, expires: nanos(EXPIRES_MS) });
    atEndOfTurn(() => this.nc.publish(this.#nextSubject, query, { reply: this.#inbox }));
  }

  /** The server knows none of the requests, as after a new connection. */
  forget(): void {
    this.#requests.length = 0;
    this.#requested = 0;
  }

  /** Asks for no more; what the server has sent already still comes in. Resolves when the last of it has. */
  async close(): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#subscription.drain().catch(() => undefined);
  }

  #receive(message: Msg): void {
    const code = message.headers?.code ?? 0;
    if (code === 0) {
      this.#count(1);
      this.events.message(new PulledMessage(this.nc, message));
    } else if (code === 408 || code === 404) {
      this.#end(this.#requests[0]);
      this.events.room();
    } else if (code !== 100) {
      this.forget();
      this.events.lost(`${code} ${message.headers?.description ?? ''}`.trim());
    }
  }

  #count(received: number): void {
    const oldest = this.#requests[0];
    // None: an answer to a request that was given up.
    if (!oldest) return;
    oldest.left -= received;
    this.#requested -= received;
    if (oldest.left <= 0) this.#requests.shift();
  }

  #end(request: PullRequest | undefined): void {
    if (!request) return;
    this.#requested -= request.left;
    this.#requests.splice(this.#requests.indexOf(request), 1);
  }

  #giveUp(): void {
    const now = Date.now();
    const stale = this.#requests.filter(({ deadline }) => deadline < now);
    for (const request of stale) this.#end(request);
    if (stale.length > 0) this.events.room();
  }
}
