import type { Sharp } from 'sharp';
import { type Pixels, pipelineOf, pixelsOf } from './pixels.js';

/**
 * The order in which one sharp pipeline works, whatever the order of the calls (sharp 0.35, `src/pipeline.cc`). That
 * `extract` means the first place before a call of `resize` and the later one after it is sharp's rule too.
 */
const ORDER = [
  'trim',
  'extract',
  'rotate',
  'flatten',
  'grayscale',
  'resize',
  'turn',
  'window',
  'extend',
  'blur',
  'sharpen',
  'composite',
  'alpha',
  'tint',
] as const;

/** What a pipeline can be told, by its place in sharp's order. */
export type Place = (typeof ORDER)[number];

/**
 * Steps on an image in the order in which they are asked for. Those that follow sharp's own order share one pipeline;
 * where one must come earlier than sharp would do it, what stands before it is computed first.
 */
export class Chain {
  #pipeline: Sharp;
  #last = -1;
  readonly #done = new Set<Place>();
  #settled: Pixels | undefined;
  readonly #icc: Buffer | undefined;

  constructor(from: Sharp | Pixels) {
    const pixels = 'channels' in from ? from : undefined;
    this.#settled = pixels;
    this.#icc = pixels?.icc;
    this.#pipeline = pixels ? pipelineOf(pixels) : (from as Sharp);
  }

  /** Begins again with other pixels. */
  restart(pixels: Pixels): void {
    this.#settled = pixels;
    this.#pipeline = pipelineOf(pixels);
    this.#last = -1;
    this.#done.clear();
  }

  /** Adds a step. */
  async step(place: Place, apply: (pipeline: Sharp) => void): Promise<void> {
    if (ORDER.indexOf(place) <= this.#last || this.#isMistaken(place)) await this.settle();
    apply(this.#pipeline);
    this.#done.add(place);
    this.#settled = undefined;
    this.#last = ORDER.indexOf(place);
  }

  /** Computes the steps so far, so that the pixels can be looked at. */
  async settle(): Promise<Pixels> {
    if (this.#settled) return this.#settled;
    const pixels = await pixelsOf(this.#pipeline, this.#icc);
    this.restart(pixels);
    return pixels;
  }

  #isMistaken(place: Place): boolean {
    // Without a resize before it, sharp takes it for the first `extract`, which comes before flips.
    if (place === 'window') return this.#last >= 0 && !this.#done.has('resize');
    // Else sharp answers the size of the window.
    return place === 'extend' && this.#done.has('window');
  }

  /** The pipeline with the steps so far, to be encoded, once. (`clone` would copy the pixels.) */
  ending(): Sharp {
    return this.#pipeline;
  }
}
