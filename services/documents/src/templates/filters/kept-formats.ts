/** Far more than a document needs; templates that ask for more make them again. */
const MOST = 500;

/** Keeps what Intl makes, by a key: making a format takes a thousand times as long as using it. */
export class KeptFormats<F> {
  readonly #formats = new Map<string, F>();

  get(key: string, make: () => F): F {
    const known = this.#formats.get(key);
    if (known) return known;
    if (this.#formats.size >= MOST) this.#formats.clear();
    const format = make();
    this.#formats.set(key, format);
    return format;
  }
}
