import { createHash, randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable } from './abortable.js';
import { ObjectTooLarge, type StageOptions } from './object-store.js';

const SNIFF_BYTES = 4100;

/** A body on disk, synced, with what was learnt on the way. */
export interface StagedFile {
  path: string;
  size: number;
  sha256: string;
  head: Uint8Array;
}

/** Streams `body` into a new file in `folder`. Whatever goes wrong, no file is left behind. */
export async function stageFile(
  folder: string,
  body: AsyncIterable<Uint8Array>,
  { maxBytes, headBytes = SNIFF_BYTES, signal }: StageOptions,
): Promise<StagedFile> {
  const path = join(folder, randomUUID());
  const hash = createHash('sha256');
  const head = Buffer.alloc(headBytes);
  let size = 0;
  try {
    await using file = await open(path, 'wx');
    for await (const chunk of abortable(body, signal)) {
      if (size + chunk.length > maxBytes) throw new ObjectTooLarge(maxBytes);
      if (size < headBytes) head.set(chunk.subarray(0, headBytes - size), size);
      size += chunk.length;
      hash.update(chunk);
      await file.appendFile(chunk);
    }
    await file.datasync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, size, sha256: hash.digest('hex'), head: head.subarray(0, size) };
}
