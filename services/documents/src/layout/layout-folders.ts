/// <reference path="./wawoff2.d.ts" />
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import { LRUCache } from 'lru-cache';
import { decompress } from 'wawoff2';

/** Versions of templates whose files lie ready. */
const MOST_FOLDERS = 16;

/**
 * Lays the assets of templates out as files, where layout processes find them: once for each version, as unpacking fonts takes
 * longer than setting a page.
 */
export class LayoutFolders {
  readonly #root = mkdtemp(join(tmpdir(), 'tandem-layouts-'));
  readonly #folders = new LRUCache<TemplateBundle, Promise<string>>({
    max: MOST_FOLDERS,
    // Who opened it a moment ago has read what it needs by then, or fails and tries again.
    dispose: (folder) => void folder.then((path) => rm(path, { recursive: true, force: true })).catch(() => {}),
  });

  /** The folder with the assets of a bundle: fonts in `fonts`, all in `files`. The same object is written once. */
  async of(bundle: TemplateBundle): Promise<string> {
    const known = this.#folders.get(bundle);
    if (known) return known;
    const folder = this.#write(bundle);
    this.#folders.set(bundle, folder);
    folder.catch(() => this.#folders.delete(bundle));
    return folder;
  }

  /** Removes all folders. */
  async close(): Promise<void> {
    await rm(await this.#root, { recursive: true, force: true });
  }

  async #write({ assets }: TemplateBundle): Promise<string> {
    // One of its own, whoever else begins at the same moment.
    const folder = await mkdtemp(join(await this.#root, 'layout-'));
    await mkdir(join(folder, 'fonts'), { recursive: true });
    for (const [index, [path, { type, base64 }]] of Object.entries(assets).entries()) {
      const bytes = Buffer.from(base64, 'base64');
      const file = join(folder, 'files', path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      if (!type.startsWith('font/')) continue;
      // Fonts of two folders may have the same name.
      const font = join(folder, 'fonts', `${index}-${basename(path)}`);
      await writeFile(font, type === 'font/woff2' ? await unpacked(path, bytes) : bytes);
    }
    return folder;
  }
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
