import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable } from './abortable.js';
import { type Measure, MeasuredBody } from './measured-body.js';
import type { StageOptions } from './object-store.js';

/** A body on disk, synced, with what was learnt on the way. */
export interface StagedFile extends Measure {
  path: string;
}

/** Streams `body` into a new file in `folder`. Whatever goes wrong, no file is left behind. */
export async function stageFile(
  folder: string,
  body: AsyncIterable<Uint8Array>,
  options: StageOptions,
): Promise<StagedFile> {
  const path = join(folder, randomUUID());
  const measured = new MeasuredBody(abortable(body, options.signal), options);
  try {
    await using file = await open(path, 'wx');
    for await (const chunk of measured.chunks()) await file.appendFile(chunk);
    await file.datasync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, ...measured.result() };
}
