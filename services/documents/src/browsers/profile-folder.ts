import { chown, rm } from 'node:fs/promises';
import { makeScratchFolder } from '@tandem/runtime/scratch-folder';
import { browserUser } from './least-privilege.js';

/**
 * A folder for the profile of a full Chromium, which will not run without one; the headless shell keeps its profile in
 * memory and needs none.
 */
export async function profileFolder(program: string): Promise<string | undefined> {
  if (program.includes('headless-shell') || program.includes('headless_shell')) return undefined;
  const { path } = await makeScratchFolder('chromium');
  const uid = browserUser();
  if (uid !== undefined) await chown(path, uid, uid);
  return path;
}

/** Removes a {@link profileFolder}; what the browser's last processes still write is removed as well. */
export async function removeProfile(folder: string | undefined): Promise<void> {
  if (folder) await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
}
