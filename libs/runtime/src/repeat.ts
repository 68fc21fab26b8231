/**
 * Calls `round` again and again, never twice at once. A round resolves to the milliseconds until the next one; `wake` brings the next
 * one forward. A round must not reject: it handles its own errors.
 */
export class Repeat {
  #timer: NodeJS.Timeout | undefined;
  #busy: Promise<void> | undefined;
  #woken = false;
  #stopped = false;

  constructor(private readonly round: () => Promise<number>) {}

  /** @param delayMs until the first round */
  start(delayMs: number): void {
    this.#schedule(delayMs);
  }

  /** The next round begins as soon as the one under way has ended. */
  wake(): void {
    if (this.#busy) this.#woken = true;
    else this.#schedule(0);
  }

  /** Resolves when the round under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#busy;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#woken = false;
      this.#busy = this.round().then((nextMs) => {
        this.#busy = undefined;
        this.#schedule(this.#woken ? 0 : nextMs);
      });
    }, delayMs);
  }
}
