import { createHash } from 'node:crypto';
import { ObjectTooLarge, type StageOptions } from './object-store.js';

const SNIFF_BYTES = 4100;

/** What passed through: bytes, and the first of them. */
export interface Measure {
  size: number;
  /** Hex. */
  sha256: string;
  head: Uint8Array;
}

/** Counts, hashes and keeps the head of a body while it is passed on. */
export class MeasuredBody {
  readonly #hash = createHash('sha256');
  readonly #head: Buffer;
  #size = 0;

  constructor(
    private readonly body: AsyncIterable<Uint8Array>,
    private readonly options: StageOptions,
  ) {
    this.#head = Buffer.alloc(options.headBytes ?? SNIFF_BYTES);
  }

  /** The chunks of the body, once. Throws {@link ObjectTooLarge} at the first byte too many. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { maxBytes } = this.options;
    for await (const chunk of this.body) {
      if (this.#size + chunk.length > maxBytes) throw new ObjectTooLarge(maxBytes);
      const missing = this.#head.length - this.#size;
      if (missing > 0) this.#head.set(chunk.subarray(0, missing), this.#size);
      this.#size += chunk.length;
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  /** Of all that passed; to be asked once, at the end. */
  result(): Measure {
    return { size: this.#size, sha256: this.#hash.digest('hex'), head: this.#head.subarray(0, this.#size) };
  }
}
