/**
 * Admits images by their pixels, not by their number: memory follows pixels. First come, first served, so a large image
 * is not overtaken for ever. An image larger than the whole budget runs alone.
 */
export class PixelBudget {
  #free: number;
  readonly #waiting: { pixels: number; admit: () => void }[] = [];

  constructor(readonly capacity: number) {
    this.#free = capacity;
  }

  /** Waits for room; disposing of the answer gives it back. Throws the signal's reason when that aborts first. */
  async take(pixels: number, signal: AbortSignal): Promise<Disposable> {
    const share = Math.min(pixels, this.capacity);
    if (this.#waiting.length > 0 || share > this.#free) await this.#turn(share, signal);
    else this.#free -= share;
    return {
      [Symbol.dispose]: () => {
        this.#free += share;
        this.#admit();
      },
    };
  }

  #turn(pixels: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason);
        this.#admit();
      };
      const entry = {
        pixels,
        admit: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      this.#waiting.push(entry);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
    });
  }

  #admit(): void {
    while (this.#waiting[0] && this.#waiting[0].pixels <= this.#free) {
      const { pixels, admit } = this.#waiting.shift()!;
      this.#free -= pixels;
      admit();
    }
  }
}
