import { type DisposableTempDir, mkdtempDisposable, readdir, rm, stat } from 'node:fs/promises';
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
    const path = join(tmpdir(), name);
    // What cannot be removed may belong to another user.
    if (pid && (await isOrphan(Number(pid), path))) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/** In a container that starts again, the process that was killed had the number of this one. */
async function isOrphan(pid: number, path: string): Promise<boolean> {
  if (pid !== process.pid) return !isAlive(pid);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
  return mtimeMs < performance.timeOrigin;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
