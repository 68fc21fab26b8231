import { rename, rm, stat } from 'node:fs/promises';
import { durableRename } from './durable-rename.js';

/**
 * Removes the file at `path` unless it was modified at `than` or later; false when it was. Who makes it young again meanwhile
 * either finds it gone, or touches the very file that is looked at once it has been moved `aside`, which then comes back.
 */
export async function removeOlderFile(path: string, aside: string, than: Date): Promise<boolean> {
  await rename(path, aside);
  if ((await stat(aside)).mtime < than) {
    await rm(aside);
    return true;
  }
  // Should equal content have been stored there in between, this replaces it.
  await durableRename(aside, path);
  return false;
}
