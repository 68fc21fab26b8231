import type { Catalog } from '@tandem/contracts/catalog';
import type { Connection } from '@tandem/messaging/connection';
import { pingServices } from '@tandem/messaging/service-ping';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Pool } from 'pg';
import { z } from 'zod';

const PATIENCE_MS = 1_000;

const Part = z.object({
  status: z.enum(['up', 'degraded', 'down']),
  latencyMs: z.number().optional(),
  instances: z.int().optional().meta({ description: 'Processes that answered' }),
  reason: z.string().optional(),
});
type Part = z.infer<typeof Part>;

/** `ok`: all is up. `degraded`: jobs are accepted but some wait. `down`: nothing can be accepted. */
export const HealthReport = z
  .object({ status: z.enum(['ok', 'degraded', 'down']), parts: z.record(z.string(), Part) })
  .meta({ id: 'Health' });
export type HealthReport = z.infer<typeof HealthReport>;

/** Asks every part that a job needs. */
export class Health {
  constructor(
    private readonly pool: Pool,
    private readonly connection: Connection,
    private readonly store: ObjectStore,
    private readonly catalog: Catalog,
  ) {}

  async ready(): Promise<boolean> {
    return (await this.#postgres()).status === 'up';
  }

  async check(): Promise<HealthReport> {
    const [postgres, nats, objects, services] = await Promise.all([
      this.#postgres(),
      this.#nats(),
      timed(() => this.store.ping(), 'the object store cannot be written'),
      this.#services(),
    ]);
    const parts: Record<string, Part> = { postgres, nats, objects, ...services };
    const all = Object.values(parts).every(({ status }) => status === 'up');
    return { status: postgres.status === 'down' ? 'down' : all ? 'ok' : 'degraded', parts };
  }

  #postgres(): Promise<Part> {
    return timed(() => this.pool.query('SELECT 1'), 'PostgreSQL does not answer; nothing can be accepted');
  }

  async #nats(): Promise<Part> {
    const reason = 'NATS does not answer; accepted jobs wait in the ledger';
    if (!this.connection.up()) return { status: 'down', reason };
    return timed(() => this.connection.nc.flush(), reason);
  }

  /** One entry for each service that owns commands, whether it answers or not. */
  async #services(): Promise<Record<string, Part>> {
    const expected = new Set(this.catalog.all().map(({ service }) => service));
    const pongs = this.connection.up() ? await pingServices(this.connection.nc, PATIENCE_MS).catch(() => []) : [];
    const entries = [...expected].map((service): [string, Part] => {
      const own = pongs.filter((pong) => pong.service === service);
      if (own.length === 0)
        return [service, { status: 'down', instances: 0, reason: 'no worker answers; its jobs wait' }];
      const reason = own.find(({ problem }) => problem)?.problem;
      const latencyMs = round(Math.min(...own.map((pong) => pong.latencyMs)));
      return [service, { status: reason ? 'degraded' : 'up', instances: own.length, latencyMs, reason }];
    });
    return Object.fromEntries(entries);
  }
}

async function timed(probe: () => Promise<unknown>, reason: string): Promise<Part> {
  const begin = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), PATIENCE_MS);
  });
  try {
    await Promise.race([probe(), patience]);
    return { status: 'up', latencyMs: round(performance.now() - begin) };
  } catch {
    return { status: 'down', reason };
  } finally {
    clearTimeout(timer);
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
