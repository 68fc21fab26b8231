import { type DisposableTempDir, mkdtempDisposable, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let swept = false;

/**
 * A new folder for files that nobody needs once this process is done with them: `tandem-<purpose>-<pid>-<random>` in the system's
 * folder for such. `purpose` is a word in lower case. The first call in a process removes what processes left that were killed.
 */
export function makeScratchFolder(purpose: string): Promise<DisposableTempDir> {
  if (!swept) void removeOrphans();
  swept = true;
  return mkdtempDisposable(join(tmpdir(), `tandem-${purpose}-${process.pid}-`));
}

async function removeOrphans(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    const pid = /^tandem-[a-z]+-(\d+)-/.exec(name)?.[1];
    // What cannot be removed may belong to another user.
    if (pid && !isAlive(Number(pid))) await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
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
