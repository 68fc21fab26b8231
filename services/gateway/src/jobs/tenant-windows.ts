/** Bounds of a window, in jobs. */
export interface WindowBounds {
  least: number;
  most: number;
}

interface CommandLoad {
  limit: number;
  /** Sums since the last adjustment. */
  lagMs: number;
  starts: number;
  /** How long a run takes, as a moving average. */
  runMs: number;
  isLimiting: boolean;
  adjustedAt: number;
  /** The tenant that came last, and those that wait. */
  lastTenant?: string;
  waiting: Set<string>;
  /** When two tenants were last seen to want this command at once. */
  contendedAt: number;
}

const FIRST_LIMIT = 200;
/**
 * How long jobs of one tenant may queue in front of another's, beyond the length of one job, which is what workers hold ready. A
 * window is as wide as that allows.
 */
const QUEUE_MS = 5;
/** The same while a tenant is alone: nobody is delayed, and a wider window drains faster. */
const QUEUE_ALONE_MS = 100;
/** How long another tenant is remembered. */
const CONTENDED_FOR_MS = 10_000;
const AVERAGE_OVER = 50;
const ADJUST_EVERY_MS = 100;

/**
 * Fairness between tenants. Of every command a tenant has a window of jobs that may be with the broker at once; the rest of its
 * backlog waits in the ledger, so that another tenant's job finds a short queue. How wide the window must be depends on
 * the number of workers and the length of the jobs, which nobody should have to configure: it grows while its jobs start
 * at once, and shrinks when they queue for longer than {@link QUEUE_MS} and
 * the length of one job. A tenant that is
 * alone may queue for longer.
 *
 * Held in memory and corrected from the ledger every second (`release-jobs.ts`): with several gateways a window is
 * exceeded for a moment, never for long.
 */
export class TenantWindows {
  readonly #held = new Map<string, number>();
  readonly #waiting = new Map<string, { command: string; tenant: string }>();
  readonly #loads = new Map<string, CommandLoad>();

  constructor(
    private readonly bounds: WindowBounds = { least: 16, most: 2_000 },
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes a place for a job; false when there is none, or others of its tenant wait already. */
  enter(command: string, tenant: string): boolean {
    const key = keyOf(command, tenant);
    const held = this.#held.get(key) ?? 0;
    const load = this.#load(command);
    this.#noteTenant(load, tenant);
    if (!this.#waiting.has(key) && held < load.limit) {
      this.#held.set(key, held + 1);
      return true;
    }
    load.isLimiting = true;
    this.queued(command, tenant);
    return false;
  }

  /** Takes places for jobs that are published whatever the window says. */
  add(command: string, tenant: string, count = 1): void {
    const key = keyOf(command, tenant);
    this.#held.set(key, (this.#held.get(key) ?? 0) + count);
  }

  /** Gives places back. True when enough of them are free now for it to be worth releasing jobs that wait. */
  leave(command: string, tenant: string, count = 1): boolean {
    const key = keyOf(command, tenant);
    const held = (this.#held.get(key) ?? 0) - count;
    if (held > 0) this.#held.set(key, held);
    else this.#held.delete(key);
    if (!this.#waiting.has(key)) return false;
    const { limit } = this.#load(command);
    return limit - held >= Math.max(1, limit / 4);
  }

  /** Who waits, and how many of theirs there is room for. */
  free(): { command: string; tenant: string; count: number }[] {
    return [...this.#waiting].flatMap(([key, { command, tenant }]) => {
      const count = Math.floor(this.#load(command).limit) - (this.#held.get(key) ?? 0);
      return count > 0 ? [{ command, tenant, count }] : [];
    });
  }

  /** The ledger has no more jobs of this tenant that wait. */
  emptied(command: string, tenant: string): void {
    this.#waiting.delete(keyOf(command, tenant));
    this.#load(command).waiting.delete(tenant);
  }

  /** There are jobs of this tenant that wait. */
  queued(command: string, tenant: string): void {
    this.#waiting.set(keyOf(command, tenant), { command, tenant });
    this.#load(command).waiting.add(tenant);
  }

  /**
   * Compares with the ledger: `held` jobs are with the broker for certain, `unmarked` more may be, since the ledger is told
   * of a publication a little later.
   */
  correct(
    held: { command: string; tenant: string; count: number }[],
    waiting: { command: string; tenant: string }[],
    unmarked: (command: string, tenant: string) => number,
  ): void {
    const certain = new Map(held.map(({ command, tenant, count }) => [keyOf(command, tenant), count]));
    for (const key of new Set([...certain.keys(), ...this.#held.keys()])) {
      const [command, tenant] = key.split(' ') as [string, string];
      const count = certain.get(key) ?? 0;
      const believed = this.#held.get(key) ?? 0;
      const corrected = Math.min(Math.max(believed, count), count + unmarked(command, tenant));
      if (corrected > 0) this.#held.set(key, corrected);
      else this.#held.delete(key);
    }
    for (const { command, tenant } of waiting) this.queued(command, tenant);
  }

  /**
   * How long a job waited between its publication and its start, and how long it ran, where that is known yet; the window
   * follows.
   */
  observe(command: string, lagMs: number, runMs?: number): void {
    const load = this.#load(command);
    if (runMs !== undefined) load.runMs += (runMs - load.runMs) / AVERAGE_OVER;
    load.lagMs += Math.max(0, lagMs);
    load.starts += 1;
    if (this.now() - load.adjustedAt < ADJUST_EVERY_MS) return;
    const lag = load.lagMs / load.starts;
    const { least, most } = this.bounds;
    const target = (this.#isContended(load) ? QUEUE_MS : QUEUE_ALONE_MS) + load.runMs;
    if (lag > target) load.limit = Math.max(least, load.limit * Math.max(0.5, target / lag));
    else if (load.isLimiting && lag < target / 2) load.limit = Math.min(most, load.limit * 1.25);
    Object.assign(load, { lagMs: 0, starts: 0, adjustedAt: this.now(), isLimiting: load.waiting.size > 0 });
  }

  /** A second tenant finds the window as narrow as if it had been there all along. */
  #noteTenant(load: CommandLoad, tenant: string): void {
    const isAlone =
      (load.lastTenant ?? tenant) === tenant && load.waiting.size - Number(load.waiting.has(tenant)) === 0;
    load.lastTenant = tenant;
    if (isAlone) return;
    if (!this.#isContended(load)) {
      const share = (QUEUE_MS + load.runMs) / (QUEUE_ALONE_MS + load.runMs);
      load.limit = Math.max(this.bounds.least, load.limit * share);
    }
    load.contendedAt = this.now();
  }

  #isContended(load: CommandLoad): boolean {
    return this.now() - load.contendedAt < CONTENDED_FOR_MS;
  }

  #load(command: string): CommandLoad {
    let load = this.#loads.get(command);
    if (!load) {
      const limit = Math.min(this.bounds.most, Math.max(this.bounds.least, FIRST_LIMIT));
      load = {
        limit,
        lagMs: 0,
        starts: 0,
        runMs: 0,
        isLimiting: false,
        adjustedAt: this.now(),
        waiting: new Set(),
        contendedAt: Number.NEGATIVE_INFINITY,
      };
      this.#loads.set(command, load);
    }
    return load;
  }
}

function keyOf(command: string, tenant: string): string {
  return `${command} ${tenant}`;
}
