import { constants } from 'node:fs';
import { access, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { durableRename } from './durable-rename.js';
import { keySegments } from './key.js';
import { ObjectMissing, type ObjectStore, type StagedObject, type StageOptions } from './object-store.js';
import { stageFile } from './staged-file.js';

/** Older than any upload lasts, so no other process is still writing it. */
const STALE_MS = 86_400_000;

/**
 * Objects as files below `dir/objects`. Several processes may share one folder, on one file system: an object appears
 * under its key by an atomic rename from `dir/staging`, complete and synced, or not at all.
 */
export class FilesystemStore implements ObjectStore {
  readonly #objects: string;
  readonly #staging: string;

  private constructor(dir: string) {
    this.#objects = join(dir, 'objects');
    this.#staging = join(dir, 'staging');
  }

  /** Makes the folders, and removes what uploads of a crashed process left behind more than a day ago. */
  static async open(dir: string): Promise<FilesystemStore> {
    const store = new FilesystemStore(dir);
    await mkdir(store.#objects, { recursive: true });
    await mkdir(store.#staging, { recursive: true });
    await store.#removeStale(Date.now() - STALE_MS);
    return store;
  }

  async stage(body: AsyncIterable<Uint8Array>, options: StageOptions): Promise<StagedObject> {
    const { path, size, sha256, head } = await stageFile(this.#staging, body, options);
    const discard = () => rm(path, { force: true });
    const commit = async (key: string) => {
      if ((await this.size(key)) === size) await discard();
      else await durableRename(path, this.#pathOf(key));
    };
    return { size, sha256, head, commit, discard };
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    if ((await this.size(key)) === bytes.length) return;
    const { path } = await stageFile(this.#staging, only(bytes), { maxBytes: bytes.length, headBytes: 0 });
    await durableRename(path, this.#pathOf(key));
  }

  async read(key: string, range?: { start: number; end: number }): Promise<Readable> {
    const file = await open(this.#pathOf(key)).catch((error) => {
      throw isAbsent(error) ? new ObjectMissing(key, { cause: error }) : error;
    });
    if ((await file.stat()).isFile()) return file.createReadStream(range);
    await file.close();
    throw new ObjectMissing(key);
  }

  async size(key: string): Promise<number | undefined> {
    try {
      const found = await stat(this.#pathOf(key));
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    if ((await this.size(key)) !== undefined) await rm(this.#pathOf(key), { force: true });
  }

  async ping(): Promise<void> {
    for (const folder of [this.#objects, this.#staging]) await access(folder, constants.R_OK | constants.W_OK);
  }

  #pathOf(key: string): string {
    return join(this.#objects, ...keySegments(key));
  }

  async #removeStale(before: number): Promise<void> {
    for (const name of await readdir(this.#staging)) {
      const path = join(this.#staging, name);
      // Another process may finish or remove it in between.
      const found = await stat(path).catch(() => undefined);
      if (found && found.mtimeMs < before) await rm(path, { force: true });
    }
  }
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
