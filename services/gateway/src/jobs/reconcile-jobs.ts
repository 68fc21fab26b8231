import type { Catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition } from '@tandem/contracts/command';
import { hasRead, newestEvent, oldestHeld } from '@tandem/messaging/broker-state';
import type { Connection } from '@tandem/messaging/connection';
import { Repeat } from '@tandem/runtime/repeat';
import type { Logger } from '@tandem/telemetry/logger';
import { dispatched } from '@tandem/telemetry/metrics';
import type { Pool } from 'pg';

/** The durable consumer by which gateways read job reports. */
export const LEDGER_CONSUMER = 'ledger';

const EVERY_MS = 5_000;
const BATCH = 1_000;

// Jobs that the broker should hold by the ledger's account: published, or running, and not due for the dispatcher. The
// margin covers clocks that differ and publications that are under way.
const RELEASE = `
  UPDATE gateway.jobs SET due_at = now()
  WHERE id IN (
    SELECT id FROM gateway.jobs
    WHERE command = $1 AND status IN ('accepted', 'running', 'retrying') AND due_at IS NULL AND NOT waiting
      AND GREATEST(moved_at, published_at) < LEAST($2::timestamptz, now()) - $3 * interval '1 ms'
    ORDER BY id LIMIT ${BATCH}
    FOR UPDATE SKIP LOCKED
  )`;

/**
 * Finds the jobs that the ledger believes to be with the broker but that the broker has lost, after a wiped store or a
 * power cut, and makes them due again. A job is lost when it moved last before the oldest command that the broker still
 * holds was stored, and every report has been read. Making a job due that was not lost costs a second run, never its
 * result: effects are idempotent and states only move forward.
 */
export class JobReconciliation {
  readonly #rounds = new Repeat(() => this.#round());
  readonly #asked = new Map<string, { oldest: Date; newest: number }>();

  constructor(
    private readonly catalog: Catalog,
    private readonly connection: Connection,
    /** Creates streams and consumers that are missing. */
    private readonly provision: () => Promise<void>,
    private readonly pool: Pool,
    private readonly marginMs: number,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#rounds.start(EVERY_MS);
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(): Promise<number> {
    if (!this.connection.up()) return EVERY_MS;
    try {
      for (const command of this.catalog.all()) await this.#reconcile(command);
    } catch (error) {
      this.#asked.clear();
      this.log.warn({ err: error }, 'the broker cannot be compared with the ledger; its streams are provisioned again');
      await this.provision().catch((cause: unknown) => this.log.warn({ err: cause }, 'not provisioned, trying again'));
    }
    return EVERY_MS;
  }

  async #reconcile(command: CommandDefinition): Promise<void> {
    const { nc } = this.connection;
    let asked = this.#asked.get(command.type);
    if (!asked) {
      // In this order: what was acknowledged before the first answer has its report in the stream by the second.
      const oldest = (await oldestHeld(nc, command)) ?? new Date();
      asked = { oldest, newest: await newestEvent(nc) };
      this.#asked.set(command.type, asked);
    }
    // Under steady load there is always something unread; only what was stored before the question matters.
    if (!(await hasRead(nc, LEDGER_CONSUMER, asked.newest))) return;
    this.#asked.delete(command.type);
    const { oldest } = asked;
    const { rowCount } = await this.pool.query(RELEASE, [command.type, oldest, this.marginMs]);
    if (!rowCount) return;
    dispatched.inc({ reason: 'lost' }, rowCount);
    this.log.warn({ command: command.type, jobs: rowCount }, 'the broker lost these jobs; they are published again');
  }
}
