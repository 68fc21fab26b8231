import type { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { Connection } from '@tandem/messaging/connection';
import { handBack, pauseConsumers, resumeConsumers } from '@tandem/messaging/pause';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import type { Pool } from 'pg';
import { z } from 'zod';
import { Problem } from '../http/problem.js';

/** A command, and whether its jobs are started. */
export const CommandView = z
  .object({
    command: z.string(),
    summary: z.string(),
    scope: z.string(),
    paused: z.boolean(),
    pausedAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Command' });
export type CommandView = z.infer<typeof CommandView>;

const COMPARE_EVERY_MS = 5_000;

const PAUSE = 'INSERT INTO gateway.paused_commands (command, paused_by) VALUES ($1, $2) ON CONFLICT DO NOTHING';
const RESUME = 'DELETE FROM gateway.paused_commands WHERE command = $1';
const LIST = 'SELECT command, paused_at FROM gateway.paused_commands';

/**
 * Pauses commands for everybody: their jobs are accepted and wait. The ledger remembers what is paused, the broker holds it
 * back, and the two are compared every few seconds, since a wiped broker forgets.
 */
export class CommandPauses {
  readonly #rounds = new Repeat(() => this.#compare());

  constructor(
    private readonly catalog: Catalog,
    private readonly connection: Connection,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(0);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async list(): Promise<CommandView[]> {
    const { rows } = await this.pool.query<{ command: string; paused_at: Date }>(LIST);
    const paused = new Map(rows.map(({ command, paused_at }) => [command, paused_at]));
    return this.catalog.all().map(({ type, summary, scope }) => ({
      command: type,
      summary,
      scope,
      paused: paused.has(type),
      pausedAt: paused.get(type)?.toISOString(),
    }));
  }

  /** What runs goes on to its end; nothing else starts. Throws a `Problem` `not_found` for an unknown command. */
  async pause(type: string, by: string): Promise<CommandView> {
    const command = this.#command(type);
    await this.pool.query(PAUSE, [type, by]);
    await this.#apply(command, true);
    return this.#view(type);
  }

  async resume(type: string): Promise<CommandView> {
    const command = this.#command(type);
    await this.pool.query(RESUME, [type]);
    await this.#apply(command, false);
    return this.#view(type);
  }

  #command(type: string): CommandDefinition {
    const command = this.catalog.get(type);
    if (command) return command;
    throw new Problem('not_found', `There is no command ${type}. GET /v1/commands lists what there is.`);
  }

  async #view(type: string): Promise<CommandView> {
    return (await this.list()).find(({ command }) => command === type)!;
  }

  /** The ledger has it; where the broker is away, the comparison does it later. */
  async #apply(command: CommandDefinition, paused: boolean): Promise<void> {
    const { nc } = this.connection;
    if (!this.connection.up()) return;
    try {
      await (paused ? pauseConsumers(nc, command) : resumeConsumers(nc, command));
      if (paused) handBack(nc, command);
    } catch (error) {
      this.log.warn({ err: error, command: command.type, paused }, 'the broker was not told, trying again');
      this.#rounds.wake();
    }
  }

  async #compare(): Promise<number> {
    if (!this.connection.up()) return COMPARE_EVERY_MS;
    try {
      const { rows } = await this.pool.query<{ command: string }>(LIST);
      const paused = new Set(rows.map(({ command }) => command));
      for (const command of this.catalog.all()) {
        if (paused.has(command.type)) await pauseConsumers(this.connection.nc, command);
        else await resumeConsumers(this.connection.nc, command);
      }
    } catch (error) {
      this.log.warn({ err: error }, 'paused commands not compared with the broker, trying again');
    }
    return COMPARE_EVERY_MS;
  }
}
