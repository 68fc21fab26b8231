type Waiting = { enter: () => void; refuse: (reason: unknown) => void };

/** Lets `places` pieces of work in at once. The others wait in the order in which they came, `longest` of them at most (any number). */
export class WaitingLine {
  readonly #waiting = new Set<Waiting>();
  #free: number;
  #closed: { reason: unknown } | undefined;

  constructor(
    places: number,
    private readonly longest = Number.POSITIVE_INFINITY,
    private readonly whenFull = () => new Error('the line is full'),
  ) {
    this.#free = places;
  }

  get length(): number {
    return this.#waiting.size;
  }

  /** Resolves to the function that gives the place back. Throws the signal's reason, and `whenFull()`. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#closed) throw this.#closed.reason;
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    let left = false;
    return () => {
      if (!left) this.#next();
      left = true;
    };
  }

  /** Refuses all who wait and all who come. */
  close(reason: unknown): void {
    this.#closed = { reason };
    for (const { refuse } of this.#waiting) refuse(reason);
    this.#waiting.clear();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.longest) throw this.whenFull();
    let giveUp: (() => void) | undefined;
    try {
      await new Promise<void>((enter, refuse) => {
        const waiting = { enter, refuse };
        giveUp = () => {
          this.#waiting.delete(waiting);
          refuse(signal.reason);
        };
        this.#waiting.add(waiting);
        signal.addEventListener('abort', giveUp, { once: true });
      });
    } finally {
      signal.removeEventListener('abort', giveUp!);
    }
  }

  #next(): void {
    const [first] = this.#waiting;
    if (!first) return void this.#free++;
    this.#waiting.delete(first);
    first.enter();
  }
}
