import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@tandem/telemetry/logger';
import { imageCacheBytes, imageEvictions } from '@tandem/telemetry/metrics';
import { LRUCache } from 'lru-cache';

/** An image as it is served. */
export interface CachedImage {
  type: string;
  /** SHA-256 of the bytes, hex: the ETag. */
  sha256: string;
  bytes: Buffer;
}

interface Entry {
  size: number;
  /** False while its file is being written. */
  ready: boolean;
  touchedAt: number;
}

const KEY = /^[0-9a-f]{64}$/;
const FIRST_LINE = 'tandem-image 1\n';
const BLOCK = 4_096;
/** The time of the last access is kept in the file's own, so that a restart knows the order; no more often than this. */
const TOUCH_EVERY_MS = 60_000;

/**
 * Images as files, the least recently used ones removed to stay within a number of bytes. A file says itself what it is:
 * type and hash, then the bytes, which are checked whenever it is read. What goes wrong here is logged and costs a rendering, never a request.
 * Processes may share a folder; each then keeps the files that it knows within the bound.
 */
export class DiskCache {
  readonly #index: LRUCache<string, Entry>;
  readonly #removals = new Set<Promise<unknown>>();

  private constructor(
    private readonly dir: string,
    maxBytes: number,
    private readonly log: Logger,
  ) {
    this.#index = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ size }) => size,
      dispose: (_entry, key, reason) => {
        if (reason === 'evict') imageEvictions.inc({ tier: 'disk' });
        if (reason !== 'set') this.#remove(key);
      },
    });
  }

  /** Takes up what the folder holds, and removes what a crash left half written. The folder is made when it is needed. */
  static async open(dir: string, maxBytes: number, log: Logger): Promise<DiskCache> {
    const cache = new DiskCache(dir, maxBytes, log);
    await cache.#rebuild().catch((error) => log.warn({ err: error, dir }, 'image cache not read, beginning anew'));
    return cache;
  }

  /** Bytes of all files, in whole blocks. */
  get bytes(): number {
    return this.#index.calculatedSize;
  }

  async get(key: string): Promise<CachedImage | undefined> {
    const entry = this.#index.get(key);
    if (!entry?.ready) return undefined;
    const image = await readFile(this.#pathOf(key)).then(decode, () => undefined);
    if (!image) {
      this.log.warn({ key }, 'cached image gone or damaged, it will be made again');
      if (this.#index.peek(key) === entry) this.#index.delete(key);
      return undefined;
    }
    this.#touch(key, entry);
    return image;
  }

  /** Resolves when the image is on disk, or is given up. */
  async put(key: string, image: CachedImage): Promise<void> {
    const content = encode(image);
    const entry: Entry = { size: blocksOf(content.length), ready: false, touchedAt: Date.now() };
    this.#index.set(key, entry);
    if (this.#index.peek(key) !== entry) return; // larger than the whole cache
    const temporary = join(this.dir, 'tmp', randomUUID());
    try {
      // First room, then the file: the bound holds at every moment.
      await Promise.all(this.#removals);
      await mkdir(join(this.dir, 'tmp'), { recursive: true, mode: 0o700 });
      await mkdir(join(this.dir, key.slice(0, 2)), { recursive: true, mode: 0o700 });
      await writeFile(temporary, content, { mode: 0o600 });
      await rename(temporary, this.#pathOf(key));
      entry.ready = true;
      // It had to make room for others meanwhile.
      if (this.#index.peek(key) !== entry) this.#remove(key);
    } catch (error) {
      this.log.warn({ err: error, dir: this.dir }, 'image not cached');
      await rm(temporary, { force: true }).catch(() => undefined);
      if (this.#index.peek(key) === entry) this.#index.delete(key);
    } finally {
      await Promise.all(this.#removals);
      imageCacheBytes.set({ tier: 'disk' }, this.bytes);
    }
  }

  #touch(key: string, entry: Entry): void {
    const now = Date.now();
    if (now - entry.touchedAt < TOUCH_EVERY_MS) return;
    entry.touchedAt = now;
    utimes(this.#pathOf(key), new Date(now), new Date(now)).catch(() => undefined);
  }

  #remove(key: string): void {
    const removal = rm(this.#pathOf(key), { force: true })
      .catch((error) => this.log.warn({ err: error, key }, 'cached image not removed'))
      .finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  async #rebuild(): Promise<void> {
    await rm(join(this.dir, 'tmp'), { recursive: true, force: true });
    const found: [key: string, entry: Entry][] = [];
    for (const folder of await readdir(this.dir).catch(nothing)) {
      if (!/^[0-9a-f]{2}$/.test(folder)) continue;
      const names = (await readdir(join(this.dir, folder)).catch(nothing)).filter((name) => KEY.test(name));
      const stats = await Promise.all(names.map((name) => stat(join(this.dir, folder, name)).catch(() => undefined)));
      for (const [at, file] of stats.entries()) {
        if (file) found.push([names[at]!, { size: blocksOf(file.size), ready: true, touchedAt: file.mtimeMs }]);
      }
    }
    for (const [key, entry] of found.sort(([, a], [, b]) => a.touchedAt - b.touchedAt)) this.#index.set(key, entry);
    await Promise.all(this.#removals);
    imageCacheBytes.set({ tier: 'disk' }, this.bytes);
  }

  #pathOf(key: string): string {
    return join(this.dir, key.slice(0, 2), key);
  }
}

function nothing(): string[] {
  return [];
}

function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK) * BLOCK;
}

function encode({ type, sha256, bytes }: CachedImage): Buffer {
  return Buffer.concat([Buffer.from(`${FIRST_LINE}${JSON.stringify({ type, sha256 })}\n`), bytes]);
}

/** Undefined for a file that is not what it was when it was written. */
function decode(content: Buffer): CachedImage | undefined {
  const end = content.indexOf('\n', FIRST_LINE.length);
  if (end < 0 || content.toString('latin1', 0, FIRST_LINE.length) !== FIRST_LINE) return undefined;
  const bytes = content.subarray(end + 1);
  try {
    const { type, sha256 } = JSON.parse(content.toString('utf8', FIRST_LINE.length, end));
    return createHash('sha256').update(bytes).digest('hex') === sha256 ? { type, sha256, bytes } : undefined;
  } catch {
    return undefined;
  }
}
