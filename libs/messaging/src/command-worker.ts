import { randomInt } from 'node:crypto';
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { jetstream } from '@nats-io/jetstream';
import { CommandEnvelope } from '@tandem/contracts/envelope';
import { durableName, STREAMS } from '@tandem/contracts/subjects';
import type { Logger } from '@tandem/telemetry/logger';
import { extractTrace } from '@tandem/telemetry/propagation';
import type { Connection } from './connection.js';
import { atEndOfTurn, sendAll } from './end-of-turn.js';
import { type RunEnvironment, runCommand } from './run-command.js';
import { ACK_WAIT_MS, provisionCommandConsumer } from './streams.js';

/** How long one pull request waits on the server. Also how long a pull that the server forgot can go unnoticed. */
const PULL_MS = 10_000;
const PAUSE_AFTER_ERROR_MS = 500;
/** Two deliveries can be a restart. */
const TRUSTED_DELIVERIES = 2;

/**
 * Pulls deliveries of one command and runs at most `concurrency` of them at once. As many again are held ready, so that
 * a free place is filled at once; heartbeats cover those as well, since JetStream cannot tell waiting from dead.
 */
export class CommandWorker {
  readonly #held = new Set<JsMsg>();
  readonly #waiting: JsMsg[] = [];
  readonly #suspects: JsMsg[] = [];
  readonly #pulls = new Set<ConsumerMessages>();
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #alone = false;
  #requested = 0;
  #draining = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #consumer: Consumer | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly environment: RunEnvironment,
    private readonly concurrency: number,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    await this.#bind();
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

  /** Takes no new work, hands back what has not begun, and resolves when what runs has ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const pull of this.#pulls) pull.stop();
    for (const message of [...this.#waiting.splice(0), ...this.#suspects.splice(0)])
      this.#release(message, () => message.nak());
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearInterval(this.#heartbeat);
    sendAll();
  }

  async #bind(): Promise<void> {
    const { command } = this.environment;
    await provisionCommandConsumer(this.connection.nc, command);
    this.#consumer = await jetstream(this.connection.nc).consumers.get(STREAMS.commands.name, durableName(command));
  }

  /** Keeps enough requested to fill the places; a request is made for at least half of them, so that busy workers pull in batches. */
  #pump(): void {
    const capacity = this.concurrency * 2;
    const free = capacity - this.#held.size - this.#requested;
    if (this.#draining || free < Math.max(1, this.concurrency / 2)) return;
    this.#requested += free;
    void this.#pull(free);
  }

  async #pull(count: number): Promise<void> {
    let received = 0;
    let pause = 0;
    let pull: ConsumerMessages | undefined;
    try {
      pull = await this.#consumer!.fetch({ max_messages: count, expires: PULL_MS });
      this.#pulls.add(pull);
      for await (const message of pull) {
        received += 1;
        this.#requested -= 1;
        this.#take(message);
      }
    } catch (error) {
      if (!this.#draining) this.log.warn({ err: error }, 'pull failed, trying again');
      pause = PAUSE_AFTER_ERROR_MS;
      await this.#bind().catch((cause: unknown) => this.log.warn({ err: cause }, 'consumer not ready'));
    } finally {
      if (pull) this.#pulls.delete(pull);
      this.#requested -= count - received;
    }
    if (pause > 0) setTimeout(() => this.#pump(), pause);
    else this.#pump();
  }

  #take(message: JsMsg): void {
    this.#held.add(message);
    if (this.#draining) this.#release(message, () => message.nak());
    else if (message.info.deliveryCount > TRUSTED_DELIVERIES) {
      this.#suspects.splice(randomInt(this.#suspects.length + 1), 0, message);
    } else this.#waiting.push(message);
    this.#next();
  }

  /**
   * Starts what may start. A command that came back again and again may be killing its workers, and with them takes down
   * its neighbours: such suspects run alone, in random order, so that the innocent are done before the guilty strikes.
   */
  #next(): void {
    if (this.#draining || this.#alone) return;
    if (this.#suspects.length > 0) {
      if (this.#running > 0) return;
      this.#alone = true;
      void this.#run(this.#suspects.shift()!);
      return;
    }
    while (this.#running < this.concurrency && this.#waiting.length > 0) void this.#run(this.#waiting.shift()!);
  }

  async #run(message: JsMsg): Promise<void> {
    this.#running += 1;
    try {
      const envelope = CommandEnvelope.safeParse(json(message));
      if (!envelope.success) {
        this.log.error({ subject: message.subject, seq: message.seq }, 'not a command envelope, removed');
        this.#release(message, () => message.term('not a command envelope'));
        return;
      }
      const finished = await runCommand(this.environment, {
        envelope: envelope.data,
        deliveries: message.info.deliveryCount,
        parent: extractTrace((name) => message.headers?.get(name) || undefined),
      });
      this.#release(message, () => (finished ? message.ack() : message.nak()));
    } catch (error) {
      // The outcome could not be stored. No acknowledgement: the command comes back, and its effects are idempotent.
      this.log.error(
        { err: error, subject: message.subject },
        'outcome not stored, the command will be delivered again',
      );
      this.#release(message, () => message.nak(1_000));
    } finally {
      this.#running -= 1;
      this.#alone = false;
      this.#next();
      this.#pump();
    }
  }

  #release(message: JsMsg, settle: () => void): void {
    this.#held.delete(message);
    atEndOfTurn(settle);
    if (this.#held.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function json(message: JsMsg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
