import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { access, mkdir, open, opendir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { durableRename } from './durable-rename.js';
import { folderOfPrefix, keySegments } from './key.js';
import {
  type ListedObject,
  ObjectMissing,
  type ObjectStore,
  type StagedObject,
  type StageOptions,
} from './object-store.js';
import { removeOlderFile } from './remove-older.js';
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
      if (await this.#refresh(key, size)) await discard();
      else await durableRename(path, this.#pathOf(key));
    };
    return { size, sha256, head, commit, discard };
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    if (await this.#refresh(key, bytes.length)) return;
    const { path } = await stageFile(this.#staging, only(bytes), { maxBytes: bytes.length, headBytes: 0 });
    await durableRename(path, this.#pathOf(key));
  }

  async read(key: string, range?: { start: number; end: number }): Promise<Readable> {
    const path = this.#pathOf(key);
    const file = await patiently(() => unlessAbsent(open(path)));
    if (!file) throw new ObjectMissing(key);
    if ((await file.stat()).isFile()) return file.createReadStream(range);
    await file.close();
    throw new ObjectMissing(key);
  }

  async size(key: string): Promise<number | undefined> {
    return (await fileAt(this.#pathOf(key)))?.size;
  }

  async *list(prefix = ''): AsyncGenerator<ListedObject> {
    yield* this.#walk(folderOfPrefix(prefix), prefix);
  }

  async localFile(key: string): Promise<string | undefined> {
    const path = this.#pathOf(key);
    return (await patiently(() => fileAt(path))) && path;
  }

  async remove(key: string): Promise<void> {
    if ((await this.size(key)) !== undefined) await rm(this.#pathOf(key), { force: true });
  }

  async removeOlder(key: string, than: Date): Promise<boolean> {
    const path = this.#pathOf(key);
    const found = await fileAt(path);
    if (!found) return true;
    if (found.mtime >= than) return false;
    return (await unlessAbsent(removeOlderFile(path, join(this.#staging, randomUUID()), than))) ?? true;
  }

  async ping(): Promise<void> {
    for (const folder of [this.#objects, this.#staging]) await access(folder, constants.R_OK | constants.W_OK);
  }

  /** Whether there is an object of that size, which is young now. */
  async #refresh(key: string, size: number): Promise<boolean> {
    if ((await this.size(key)) !== size) return false;
    const now = new Date();
    // False when it was removed in between.
    return (await unlessAbsent(utimes(this.#pathOf(key), now, now).then(() => true))) ?? false;
  }

  async *#walk(folder: string[], prefix: string): AsyncGenerator<ListedObject> {
    const entries = await unlessAbsent(opendir(join(this.#objects, ...folder)));
    // A folder's entries come in portions, so a large one costs no more memory than a small one.
    for await (const entry of entries ?? []) {
      const segments = [...folder, entry.name];
      const key = segments.join('/');
      const isFolder = entry.isDirectory();
      if (isFolder && `${key}/`.startsWith(prefix.slice(0, key.length + 1))) yield* this.#walk(segments, prefix);
      const found = !isFolder && key.startsWith(prefix) ? await fileAt(join(this.#objects, key)) : undefined;
      if (found) yield { key, size: found.size, modifiedAt: found.mtime };
    }
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

/** What is known of the file at `path`, or undefined when there is none. */
async function fileAt(path: string): Promise<Stats | undefined> {
  const found = await unlessAbsent(stat(path));
  return found?.isFile() ? found : undefined;
}

function unlessAbsent<T>(action: Promise<T>): Promise<T | undefined> {
  return action.catch((error) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
}

/** A collector puts a file aside to look at its age, and back when it is young: what is missing may be there in a moment. */
async function patiently<T>(find: () => Promise<T | undefined>): Promise<T | undefined> {
  for (const ms of [5, 20, 80]) {
    const found = await find();
    if (found !== undefined) return found;
    await setTimeout(ms);
  }
  return find();
}

function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
