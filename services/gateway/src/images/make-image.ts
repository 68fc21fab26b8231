import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { QueryInput } from '@tandem/contracts/query';
import { RenderImage } from '@tandem/contracts/render-image';
import { QueryClient } from '@tandem/messaging/ask-query';
import type { Connection } from '@tandem/messaging/connection';
import { Rejected } from '@tandem/messaging/outcome';
import type { ObjectStore } from '@tandem/storage/object-store';
import { imageDuration } from '@tandem/telemetry/metrics';
import type { CachedImage } from './disk-cache.js';

/** Requests that wait for each one in work; the next is told to come back. */
const WAITING_PER_PLACE = 8;

/** Has images made by the media service, so many at once. */
export class ImageMaker {
  readonly #queries: QueryClient;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(
    private readonly concurrency: number,
    connection: Connection,
    store: ObjectStore,
  ) {
    this.#queries = new QueryClient(connection, { fetchBody: async (key) => buffer(await store.read(key)) });
  }

  /** Throws `Rejected`: why the image cannot be made, `timeout`, or `unavailable` when too many wait or nobody answers. */
  async make(input: QueryInput<typeof RenderImage>): Promise<CachedImage> {
    const stop = imageDuration.startTimer();
    try {
      const image = await this.#inTurn(input, Date.now() + RenderImage.timeoutMs);
      stop({ outcome: 'done' });
      return image;
    } catch (error) {
      stop({ outcome: error instanceof Rejected ? error.code : 'internal' });
      throw error;
    }
  }

  async #inTurn(input: QueryInput<typeof RenderImage>, deadline: number): Promise<CachedImage> {
    if (this.#running < this.concurrency) this.#running += 1;
    else await this.#turn();
    try {
      const { result, body } = await this.#queries.ask(RenderImage, input, deadline - Date.now());
      // A copy: the message is a part of a larger buffer, which the cache would keep.
      const bytes = Buffer.from(body);
      return { type: result.type, sha256: createHash('sha256').update(bytes).digest('hex'), bytes };
    } finally {
      const next = this.#waiting.shift();
      // A place goes from one to the next without being free in between.
      if (next) next();
      else this.#running -= 1;
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.concurrency * WAITING_PER_PLACE)
      throw new Rejected('unavailable', 'Too many images are being made just now. Try again in a moment.');
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }
}
