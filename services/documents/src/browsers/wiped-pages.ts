import { documentWipes } from '@tandem/telemetry/metrics';
import type { HeldPage } from './held-page.js';
import type { LentPage } from './lent-page.js';

/** Pages that are used again and again, and wiped in between. There are never more of them than were lent at once. */
export class WipedPages {
  readonly #clean: HeldPage[] = [];
  readonly #waiting: ((held: HeldPage | undefined) => void)[] = [];
  #wiping = 0;

  constructor(
    private readonly open: () => Promise<HeldPage>,
    private readonly wipe: (held: HeldPage, lent: LentPage) => Promise<void>,
    private readonly destroy: (held: HeldPage) => Promise<void>,
  ) {}

  /** A clean page: one that is ready, one that soon is (a wipe is faster than a new page), or a new one. */
  async take(): Promise<HeldPage> {
    const held = this.#clean.pop();
    if (held) return held;
    if (this.#waiting.length >= this.#wiping) return this.open();
    const wiped = await new Promise<HeldPage | undefined>((resolve) => this.#waiting.push(resolve));
    return wiped ?? this.open();
  }

  /** Takes a page back, in the background. One that does not get clean is destroyed. */
  giveBack(held: HeldPage, lent: LentPage): void {
    this.#wiping++;
    void this.wipe(held, lent).then(
      () => {
        documentWipes.inc({ outcome: 'clean' });
        this.#wiped(held);
      },
      () => {
        documentWipes.inc({ outcome: 'destroyed' });
        this.#wiped(undefined);
        return this.destroy(held);
      },
    );
  }

  #wiped(held: HeldPage | undefined): void {
    this.#wiping--;
    const first = this.#waiting.shift();
    if (first) first(held);
    else if (held) this.#clean.push(held);
  }
}
