import { randomInt } from 'node:crypto';
import { CommandEnvelope } from '@tandem/contracts/envelope';
import { durableName, LANES, type Lane, pauseSubject, STREAMS } from '@tandem/contracts/subjects';
import type { Logger } from '@tandem/telemetry/logger';
import { extractTrace } from '@tandem/telemetry/propagation';
import type { Connection } from './connection.js';
import { sendAll } from './end-of-turn.js';
import { type PulledMessage, PullSubscription } from './pull-subscription.js';
import { ReadyQueue } from './ready-queue.js';
import { type RunEnvironment, runCommand } from './run-command.js';
import { ACK_WAIT_MS, provisionCommandConsumers } from './streams.js';

const PAUSE_AFTER_ERROR_MS = 500;
/** Two deliveries can be a restart. */
const TRUSTED_DELIVERIES = 2;

/** A delivery with what it says. */
interface Held {
  message: PulledMessage;
  envelope: CommandEnvelope;
}

/**
 * Pulls deliveries of one command and runs at most `concurrency` of them at once. As many again of each lane are held
 * ready, so that a free place is filled at once; heartbeats cover those as well, since JetStream cannot tell waiting
 * from dead.
 */
export class CommandWorker {
  readonly #held = new Set<PulledMessage>();
  readonly #ready = new ReadyQueue<Held>();
  readonly #suspects: Held[] = [];
  readonly #pulls = new Map<Lane, PullSubscription>();
  readonly #idle: (() => void)[] = [];
  #running = 0;
  #alone = false;
  #draining = false;
  #binding = false;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly environment: RunEnvironment,
    private readonly concurrency: number,
    private readonly log: Logger,
  ) {}

  async start(): Promise<void> {
    const { nc } = this.connection;
    const { command } = this.environment;
    await provisionCommandConsumers(nc, command);
    for (const lane of LANES) {
      const events = {
        message: (message: PulledMessage) => this.#take(lane, message),
        room: () => this.#pump(),
        lost: (reason: string) => void this.#rebind(reason),
      };
      this.#pulls.set(lane, new PullSubscription(nc, STREAMS.commands.name, durableName(command, lane), events));
    }
    nc.subscribe(pauseSubject(command), { callback: () => this.#handBack() });
    this.#heartbeat = setInterval(() => {
      for (const message of this.#held) message.working();
    }, ACK_WAIT_MS / 3);
    // Pull requests live in the server's memory: after a restart it knows none of them.
    this.connection.onReconnect(() => {
      for (const pull of this.#pulls.values()) pull.forget();
      this.#pump();
    });
    this.#pump();
  }

  /** Takes no new work, hands back what has not begun, and resolves when what runs has ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#handBack();
    // What the server sends before it hears of the end still comes in, and is handed back as well.
    await Promise.all([...this.#pulls.values()].map((pull) => pull.close()));
    if (this.#held.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearInterval(this.#heartbeat);
    sendAll();
  }

  #handBack(): void {
    for (const { message } of [...this.#ready.clear(), ...this.#suspects.splice(0)])
      this.#release(message, () => message.nak());
  }

  /** The consumer is gone or has no leader: it is provisioned again, then asked again. */
  async #rebind(reason: string): Promise<void> {
    if (this.#draining || this.#binding) return;
    this.#binding = true;
    this.log.warn({ command: this.environment.command.type, reason }, 'pull refused, trying again');
    await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_ERROR_MS));
    await provisionCommandConsumers(this.connection.nc, this.environment.command).catch((cause: unknown) =>
      this.log.warn({ err: cause }, 'consumers not ready'),
    );
    this.#binding = false;
    this.#pump();
  }

  /** Keeps enough requested to fill the places; a request is made for at least half of them, so that busy workers pull in batches. */
  #pump(): void {
    if (this.#draining || this.#binding || !this.connection.up()) return;
    for (const [lane, pull] of this.#pulls) {
      // Suspects and what runs count for every lane, so a worker that is full asks for no more than a refill.
      const free =
        this.concurrency * 2 - this.#running - this.#suspects.length - this.#ready.size(lane) - pull.requested;
      if (free >= Math.max(1, this.concurrency / 2)) pull.request(free);
    }
  }

  #take(lane: Lane, message: PulledMessage): void {
    this.#held.add(message);
    if (this.#draining) {
      this.#release(message, () => message.nak());
      return;
    }
    const envelope = CommandEnvelope.safeParse(json(message));
    if (!envelope.success) {
      this.log.error({ subject: message.subject, seq: message.sequence }, 'not a command envelope, removed');
      this.#release(message, () => message.term('not a command envelope'));
      return;
    }
    const held = { message, envelope: envelope.data };
    if (message.deliveries > TRUSTED_DELIVERIES) this.#suspects.splice(randomInt(this.#suspects.length + 1), 0, held);
    else this.#ready.add(lane, envelope.data.tenant, held);
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
    while (this.#running < this.concurrency) {
      const held = this.#ready.take();
      if (!held) return;
      void this.#run(held);
    }
  }

  async #run({ message, envelope }: Held): Promise<void> {
    this.#running += 1;
    try {
      const finished = await runCommand(this.environment, {
        envelope,
        deliveries: message.deliveries,
        parent: extractTrace((name) => message.headers.get(name) || undefined),
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

  #release(message: PulledMessage, settle: () => void): void {
    this.#held.delete(message);
    settle();
    if (this.#held.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function json(message: PulledMessage): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
