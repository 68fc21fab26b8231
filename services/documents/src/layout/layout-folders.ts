/// <reference path="./wawoff2.d.ts" />
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import { LRUCache } from 'lru-cache';
import { decompress } from 'wawoff2';

type Asset = TemplateBundle['assets'][string];

/** Versions of templates whose files lie ready. */
const MOST_FOLDERS = 16;

/** Assets of one version on the disk. Once it is no longer kept, it goes with the last who works in it. */
interface Folder {
  path: Promise<string>;
  users: number;
  kept: boolean;
}

/**
 * Lays the assets of templates out as files, where layout processes find them: once for each version, as unpacking fonts takes
 * longer than setting a page.
 */
export class LayoutFolders {
  readonly #root = mkdtemp(join(tmpdir(), 'tandem-layouts-'));
  readonly #folders = new LRUCache<TemplateBundle, Folder>({
    max: MOST_FOLDERS,
    dispose: (folder) => {
      folder.kept = false;
      removeUnused(folder);
    },
  });

  /**
   * Does `work` in the folder with the assets of a bundle, which stays there until then: fonts in `fonts`, all in `files`. The
   * same object is written once. Throws `Rejected` for assets that are no files.
   */
  async use<T>(bundle: TemplateBundle, work: (folder: string) => Promise<T>): Promise<T> {
    const folder = this.#folders.get(bundle) ?? this.#add(bundle);
    folder.users += 1;
    try {
      return await work(await folder.path);
    } finally {
      folder.users -= 1;
      removeUnused(folder);
    }
  }

  /** Removes all folders. */
  async close(): Promise<void> {
    await rm(await this.#root, { recursive: true, force: true });
  }

  #add(bundle: TemplateBundle): Folder {
    const folder = { path: this.#write(bundle), users: 0, kept: true };
    this.#folders.set(bundle, folder);
    folder.path.catch(() => this.#folders.delete(bundle));
    return folder;
  }

  async #write({ assets }: TemplateBundle): Promise<string> {
    // One of its own, whoever else begins at the same moment.
    const folder = await mkdtemp(join(await this.#root, 'layout-'));
    try {
      await mkdir(join(folder, 'fonts'));
      await mkdir(join(folder, 'files'));
      for (const [index, [path, asset]] of Object.entries(assets).entries())
        await writeAsset(folder, index, path, asset);
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
}

function removeUnused({ path, users, kept }: Folder): void {
  if (!kept && users === 0) void path.then((folder) => rm(folder, { recursive: true, force: true })).catch(() => {});
}

async function writeAsset(folder: string, index: number, path: string, { type, base64 }: Asset): Promise<void> {
  const bytes = Buffer.from(base64, 'base64');
  const file = join(folder, 'files', path);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  } catch (error) {
    throw pathFault(path, error) ?? error;
  }
  if (!type.startsWith('font/')) return;
  // Fonts of two folders may have the same name.
  const font = join(folder, 'fonts', `${index}-${basename(path)}`);
  await writeFile(font, type === 'font/woff2' ? await unpacked(path, bytes) : bytes);
}

/** A browser knows assets by names that no disk can hold together: `a` and `a/b`. */
function pathFault(path: string, cause: unknown): Rejected | undefined {
  if (!['EEXIST', 'ENOTDIR', 'EISDIR', 'ENOENT'].includes((cause as NodeJS.ErrnoException).code ?? ''))
    return undefined;
  const detail = `The asset ${path} of the template cannot be a file: it ends with "/", or another one has the name of its folder. Rename it, or take engine browser.`;
  return new Rejected('document_failed', detail, { cause });
}

/** Typst reads fonts as they are, not as the web compresses them. */
async function unpacked(path: string, bytes: Buffer): Promise<Uint8Array> {
  try {
    return await decompress(bytes);
  } catch (cause) {
    const detail = `The font ${path} of the template is damaged, or no WOFF2 file. Put another in its place.`;
    throw new Rejected('document_failed', detail, { cause });
  }
}
