import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import type { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { Safeguards } from '@tandem/runtime/safeguards';
import { Stragglers } from '@tandem/runtime/stragglers';
import type { Logger } from '@tandem/telemetry/logger';
import { lastValueFrom } from 'rxjs';
import { Cancellations } from './cancellations.js';
import { CommandWorker } from './command-worker.js';
import type { Connection } from './connection.js';
import { askedSubscriptions, isEventPattern } from './handle-event.js';
import { JobReporter } from './job-reporter.js';
import type { RunHandler } from './run-command.js';
import { answerPings } from './service-ping.js';
import { provisionStreams } from './streams.js';
import { type EventSubscription, subscribeEvents } from './subscribe-events.js';

/** What a service's strategy needs. */
export interface JetStreamStrategyOptions {
  service: string;
  /** Unique per process; appears in reports. */
  worker: string;
  catalog: Catalog;
  connection: Connection;
  logger: Logger;
  /** Commands run at once, for each command of the service. */
  concurrency: number;
  /** Copies of each stream in a NATS cluster. */
  replicas?: number;
  /** What to do about handlers that do not listen to their abort; without it they are logged and counted. */
  safeguards?: Safeguards;
  /** Why commands have to wait now, for people who look at the gateway's health; undefined when all is well. */
  problem?: () => string | undefined;
}

/** Nest's transport over JetStream pull consumers: every `@HandleCommand` method becomes a worker of its command, every `@HandleEvent` method a subscription. */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  readonly #workers: CommandWorker[] = [];
  readonly #subscriptions: EventSubscription[] = [];
  readonly #stopping = new AbortController();
  readonly #cancellations: Cancellations;
  readonly #stragglers: Stragglers;

  constructor(private readonly options: JetStreamStrategyOptions) {
    super();
    this.#cancellations = new Cancellations(options.connection, options.logger);
    this.#stragglers = new Stragglers(options.logger, options.safeguards?.giveUp);
  }

  /** Refuses a second handler of one command or subscription, which Nest would silently let win. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEvent = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (this.messageHandlers.has(String(pattern))) throw new Error(twice(String(pattern)));
    super.addHandler(pattern, callback, isEvent, extras);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      const commands = this.#verifyHandlers();
      await provisionStreams(this.options.connection.nc, this.options.replicas);
      await this.#cancellations.start();
      for (const command of commands) await this.#startWorker(command);
      await this.#subscribe();
      const { service, worker: instance, problem } = this.options;
      answerPings(this.options.connection.nc, () => ({ service, instance, problem: problem?.() }));
      callback();
    } catch (error) {
      callback(error);
    }
  }

  /** Drains within `graceMs`: no new work, what has not begun goes back at once, what still runs at the end is aborted and goes back. */
  async drain(graceMs: number): Promise<void> {
    const deadline = setTimeout(() => this.#stopping.abort(new Error('the worker is shutting down')), graceMs);
    await Promise.all([
      ...this.#workers.map((worker) => worker.drain()),
      ...this.#subscriptions.map((subscription) => subscription.stop(graceMs)),
    ]);
    clearTimeout(deadline);
    await this.#cancellations.stop();
    await this.options.connection.nc.flush().catch(() => undefined);
  }

  close(): void {
    this.#stopping.abort(new Error('the worker is shutting down'));
  }

  on(): never {
    throw new Error('The JetStream strategy has no events; watch the NATS connection instead.');
  }

  unwrap<T>(): T {
    return this.options.connection.nc as T;
  }

  /** Boot fails loudly: a declared command without a handler would wait for ever. */
  #verifyHandlers(): CommandDefinition[] {
    const { service, catalog } = this.options;
    const declared = catalog.ownedBy(service);
    const missing = declared
      .filter((command) => !this.messageHandlers.has(command.type))
      .map((command) => command.type);
    if (missing.length > 0) throw new Error(`The service ${service} has no handler for ${missing.join(', ')}.`);
    const unknown = [...this.messageHandlers.keys()].filter(
      (type) => !isEventPattern(type) && !declared.some((command) => command.type === type),
    );
    if (unknown.length > 0)
      throw new Error(`The service ${service} handles ${unknown.join(', ')}, which it does not own in the catalog.`);
    return declared;
  }

  async #startWorker(command: CommandDefinition): Promise<void> {
    const { connection, worker, logger, concurrency } = this.options;
    const handler = this.messageHandlers.get(command.type)!;
    const run: RunHandler = async (context) => lastValueFrom(this.transformToObservable(await handler(context)));
    const environment = {
      command,
      handler: logged(run, logger),
      reporter: new JobReporter(connection.nc),
      cancellations: this.#cancellations,
      stragglers: this.#stragglers,
      watchdog: this.options.safeguards?.watchdog,
      worker,
      stopping: this.#stopping.signal,
    };
    const commandWorker = new CommandWorker(connection, environment, concurrency, logger);
    this.#workers.push(commandWorker);
    await commandWorker.start();
  }

  async #subscribe(): Promise<void> {
    const { connection, service, logger: log, replicas } = this.options;
    for (const [asked, handler] of askedSubscriptions(this.messageHandlers)) {
      const run = async (event: unknown) =>
        lastValueFrom(this.transformToObservable(await handler(event)), { defaultValue: undefined });
      this.#subscriptions.push(await subscribeEvents(connection, { ...asked, service, log, replicas }, run));
    }
  }
}

function twice(pattern: string): string {
  if (!isEventPattern(pattern)) return `The command ${pattern} has two handlers.`;
  return `Two methods handle events as ${pattern}. Give one another name: @HandleEvent(..., { name }).`;
}

/** An unexpected error is shown to nobody but the operator, so it must reach the log. */
function logged(run: RunHandler, logger: Logger): RunHandler {
  return async (context) => {
    try {
      return await run(context);
    } catch (error) {
      const expected = error instanceof Error && ['Rejected', 'RetryLater'].includes(error.name);
      if (!expected && !context.signal.aborted) logger.error({ err: error, job: context.job.id }, 'handler failed');
      throw error;
    }
  };
}
