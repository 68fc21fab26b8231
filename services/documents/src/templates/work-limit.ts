/** Looks at the clock once in so many checks: asking the system costs as much as a small tag. */
const EVERY = 50;

/**
 * Ends a fill by the processor time that it took, in place of LiquidJS's limit, which is by the wall clock: on a busy machine
 * that would end templates for what others do.
 */
export class WorkLimit {
  #left = EVERY;
  readonly #end: number;

  constructor(limitMs: number) {
    this.#end = cpuMs() + limitMs;
  }

  /** Called by LiquidJS before each tag, output and text. */
  check(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#left = EVERY;
    if (cpuMs() > this.#end) throw new WorkLimitExceeded();
  }

  /** LiquidJS counts with it where a limit is not a time. */
  use(): void {}
}

/** A template took longer than it may. */
export class WorkLimitExceeded extends Error {
  override readonly name = 'WorkLimitExceeded';
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
