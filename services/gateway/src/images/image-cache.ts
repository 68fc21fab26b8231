import type { ErrorCode } from '@tandem/contracts/errors';
import { Rejected } from '@tandem/messaging/outcome';
import { imageCacheBytes, imageEvictions, imageHits, imageMisses } from '@tandem/telemetry/metrics';
import { LRUCache } from 'lru-cache';
import type { CachedImage, DiskCache } from './disk-cache.js';

/** A source that cannot be made into the image is not tried again for so long. */
const REFUSAL_TTL_MS = 10_000;
const MOST_REFUSALS = 10_000;
/** Larger images are read from disk each time: they would push out many small ones. */
const MOST_OF_ONE = 1_000_000;
/** What an entry costs besides its bytes. */
const OVERHEAD = 512;
/** Transient: the next request may succeed. */
const NOT_KEPT: ErrorCode[] = ['unavailable', 'internal'];

/** Images by key: in memory, on disk, or made just now, once however many wait for it. */
export class ImageCache {
  readonly #memory: LRUCache<string, CachedImage>;
  readonly #refusals = new LRUCache<string, Rejected>({ max: MOST_REFUSALS, ttl: REFUSAL_TTL_MS });
  readonly #flights = new Map<string, Promise<CachedImage>>();
  readonly #storing = new Set<Promise<void>>();

  constructor(
    memoryBytes: number,
    private readonly disk: DiskCache | undefined,
  ) {
    this.#memory = new LRUCache({
      maxSize: Math.max(1, memoryBytes),
      maxEntrySize: Math.max(1, Math.min(MOST_OF_ONE, Math.floor(memoryBytes / 4))),
      sizeCalculation: ({ bytes }) => bytes.length + OVERHEAD,
      dispose: (_image, _key, reason) => void (reason === 'evict' && imageEvictions.inc({ tier: 'memory' })),
    });
  }

  /** What is in memory; the way that most requests take, without waiting for anything. */
  inMemory(key: string): CachedImage | undefined {
    const image = this.#memory.get(key);
    if (image) imageHits.inc({ tier: 'memory' });
    return image;
  }

  /** The image, made by `make` when it is nowhere. Throws what `make` throws, which is remembered for 10 s when it is final. */
  get(key: string, make: () => Promise<CachedImage>): Promise<CachedImage> {
    const flight = this.#flights.get(key);
    if (flight) {
      imageHits.inc({ tier: 'joined' });
      return flight;
    }
    const refusal = this.#refusals.get(key);
    if (refusal) return Promise.reject(refusal);
    const loading = this.#load(key, make);
    this.#flights.set(key, loading);
    loading.catch((error) => {
      this.#flights.delete(key);
      if (error instanceof Rejected && !NOT_KEPT.includes(error.code)) this.#refusals.set(key, error);
    });
    return loading;
  }

  /** Resolves when everything is on disk. */
  async flush(): Promise<void> {
    await Promise.allSettled(this.#storing);
  }

  async #load(key: string, make: () => Promise<CachedImage>): Promise<CachedImage> {
    const stored = await this.disk?.get(key);
    if (stored) {
      imageHits.inc({ tier: 'disk' });
      this.#remember(key, stored);
      this.#flights.delete(key);
      return stored;
    }
    imageMisses.inc();
    const image = await make();
    this.#remember(key, image);
    // Requests join until it is on disk: an image too large for memory would be made again.
    const storing = (this.disk?.put(key, image) ?? Promise.resolve()).finally(() => {
      this.#storing.delete(storing);
      this.#flights.delete(key);
    });
    this.#storing.add(storing);
    return image;
  }

  #remember(key: string, image: CachedImage): void {
    this.#memory.set(key, image);
    imageCacheBytes.set({ tier: 'memory' }, this.#memory.calculatedSize);
  }
}
