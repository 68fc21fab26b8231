import { IsolatedChild, type IsolateLimits, type IsolateOptions } from './isolated-child.js';

/** What a pool keeps. */
export interface IsolatePoolOptions extends IsolateOptions {
  /** Processes that wait for work, at most. More run when more is asked for at once: the caller limits that. */
  size: number;
  /**
   * Runs after which a process is replaced. Default 1: nothing of one job is left for the next, and the start is paid
   * ahead. More suits trusted work that loads much.
   */
  runsPerChild?: number;
  /**
   * A process whose resident memory is above this after a run is replaced, so that what one run leaves behind does not use up the
   * `memoryMb` of the next. Default: no limit.
   */
  restMb?: number;
}

/** Runs functions as `runIsolated` does, in processes that were started ahead. They do not keep this process alive. */
export class IsolatePool {
  readonly #options: IsolatePoolOptions;
  readonly #idle: IsolatedChild[] = [];
  readonly #runs = new WeakMap<IsolatedChild, number>();
  readonly #busy = new Set<IsolatedChild>();
  #closed = false;

  constructor(options: IsolatePoolOptions) {
    this.#options = options;
    this.#refill();
  }

  /** See `runIsolated`. A process that was aborted, timed out or died is never used again. */
  async run<I, O>(module: URL, exportName: string, input: I, limits: IsolateLimits = {}): Promise<O> {
    if (this.#closed) throw new Error('The pool is closed.');
    limits.signal?.throwIfAborted();
    const child = this.#take();
    this.#busy.add(child);
    child.keepParentAlive(true);
    try {
      return await child.run<O>(module, exportName, input, limits);
    } finally {
      this.#busy.delete(child);
      this.#giveBack(child);
    }
  }

  /** Kills every process, also those that work: their runs reject with `ChildDied`. */
  close(): void {
    this.#closed = true;
    for (const child of [...this.#idle.splice(0), ...this.#busy]) child.end();
  }

  #take(): IsolatedChild {
    for (let child = this.#idle.shift(); child; child = this.#idle.shift()) if (child.usable) return child;
    return new IsolatedChild(this.#options);
  }

  #giveBack(child: IsolatedChild): void {
    const runs = (this.#runs.get(child) ?? 0) + 1;
    this.#runs.set(child, runs);
    const { runsPerChild = 1, restMb = Number.POSITIVE_INFINITY } = this.#options;
    const keep =
      !this.#closed &&
      child.usable &&
      runs < runsPerChild &&
      child.residentMb <= restMb &&
      this.#idle.length < this.#options.size;
    if (keep) this.#rest(child);
    else child.end();
    this.#refill();
  }

  #refill(): void {
    while (!this.#closed && this.#idle.length + this.#busy.size < this.#options.size)
      this.#rest(new IsolatedChild(this.#options));
  }

  #rest(child: IsolatedChild): void {
    child.keepParentAlive(false);
    this.#idle.push(child);
  }
}
