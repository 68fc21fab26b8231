import type { HeldPage } from './held-page.js';

/** Pages that were opened ahead, as a new one takes 60 ms and more. Each is used once. */
export class SparePages {
  readonly #ready: Promise<HeldPage | undefined>[] = [];
  #closed = false;

  constructor(
    private readonly size: number,
    private readonly open: () => Promise<HeldPage>,
  ) {}

  async take(): Promise<HeldPage> {
    const ready = await this.#ready.shift();
    this.fill();
    return ready ?? (await this.open());
  }

  fill(): void {
    // One that cannot be opened is noticed by who takes it and opens its own.
    while (!this.#closed && this.#ready.length < this.size) this.#ready.push(this.open().catch(() => undefined));
  }

  close(): void {
    this.#closed = true;
  }
}
