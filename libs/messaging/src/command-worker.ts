import { randomInt } from 'node:crypto';
import { CommandEnvelope } from '@tandem/contracts/envelope';
import { durableName, LANES, type Lane, pauseSubject, STREAMS } from '@tandem/contracts/subjects';
import type { Logger } from '@tandem/telemetry/logger';
import { extractTrace } from '@tandem/telemetry/propagation';
import type { Connection } from './connection.js';
import type { PulledMessage } from './pull-subscription.js';
import { PulledMessages } from './pulled-messages.js';
import { ReadyQueue } from './ready-queue.js';
import { type RunEnvironment, runCommand } from './run-command.js';
import { provisionCommandConsumers } from './streams.js';

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
  readonly #ready = new ReadyQueue<Held>();
  readonly #suspects: Held[] = [];
  readonly #pulled: PulledMessages;
  #running = 0;
  #alone = false;
  #draining = false;

  constructor(
    private readonly connection: Connection,
    private readonly environment: RunEnvironment,
    private readonly concurrency: number,
    private readonly log: Logger,
  ) {
    const { command } = environment;
    this.#pulled = new PulledMessages(connection, {
      stream: STREAMS.commands.name,
      durables: LANES.map((lane) => durableName(command, lane)),
      bind: () => provisionCommandConsumers(connection.nc, command),
      // What runs counts for every lane, so a worker that is full asks for no more than a refill.
      room: (lane) => concurrency * 2 - this.#running - this.#suspects.length - this.#ready.size(LANES[lane]!),
      least: Math.max(1, concurrency / 2),
      take: (message, lane) => this.#take(LANES[lane]!, message),
      log: log.child({ command: command.type }),
    });
  }

  async start(): Promise<void> {
    await this.#pulled.start();
    this.connection.nc.subscribe(pauseSubject(this.environment.command), { callback: () => this.#handBack() });
  }

  /** Takes no new work, hands back what has not begun, and resolves when what runs has ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#handBack();
    await this.#pulled.stop();
  }

  #handBack(): void {
    for (const { message } of [...this.#ready.clear(), ...this.#suspects.splice(0)])
      this.#pulled.release(message, () => message.nak());
  }

  #take(lane: Lane, message: PulledMessage): void {
    const envelope = CommandEnvelope.safeParse(json(message));
    if (!envelope.success) {
      this.log.error({ subject: message.subject, seq: message.sequence }, 'not a command envelope, removed');
      this.#pulled.release(message, () => message.term('not a command envelope'));
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
      this.#pulled.release(message, () => (finished ? message.ack() : message.nak()));
    } catch (error) {
      // The outcome could not be stored. No acknowledgement: the command comes back, and its effects are idempotent.
      this.log.error(
        { err: error, subject: message.subject },
        'outcome not stored, the command will be delivered again',
      );
      this.#pulled.release(message, () => message.nak(1_000));
    } finally {
      this.#running -= 1;
      this.#alone = false;
      this.#next();
      this.#pulled.pump();
    }
  }
}

function json(message: PulledMessage): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
