import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserUser } from './least-privilege.js';

const PREFIX = 'tandem-chromium-';

/**
 * A folder for the profile of a full Chromium, which will not run without one; the headless shell keeps its profile in
 * memory and needs none. Folders that a killed process of ours left are removed.
 */
export function profileFolder(program: string): string | undefined {
  if (program.includes('headless-shell') || program.includes('headless_shell')) return undefined;
  removeOrphans();
  const folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const uid = browserUser();
  if (uid !== undefined) chownSync(folder, uid, uid);
  return folder;
}

/** Removes a {@link profileFolder}. */
export function removeProfile(folder: string | undefined): void {
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function removeOrphans(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) && Number.parseInt(name.slice(PREFIX.length), 10);
    if (pid && !isAlive(pid)) removeProfile(join(tmpdir(), name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
