import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where Linux distributions put shared libraries; on Debian in a folder for each architecture below. */
const LIBRARY_FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib'];
const JEMALLOC = 'libjemalloc.so.2';

/**
 * The environment that gives a process jemalloc: what `configured` names, or what the machine has. With glibc alone,
 * resident memory stays at its peak, as each thread keeps arenas of its own; one arena less is the second best.
 */
export function allocatorEnvironment(configured: string | undefined): Record<string, string> {
  const path = configured ?? findJemalloc();
  return path ? { LD_PRELOAD: path } : { MALLOC_ARENA_MAX: '2' };
}

/** Runs in an image process: the allocator that it really has. ld.so ignores a library that it cannot preload. */
export function allocatorInUse(): 'jemalloc' | 'system' {
  try {
    return readFileSync('/proc/self/maps', 'utf8').includes('jemalloc') ? 'jemalloc' : 'system';
  } catch {
    return 'system'; // not Linux
  }
}

function findJemalloc(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const folders = LIBRARY_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) => [
    folder,
    ...readdirSync(folder)
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => join(folder, name)),
  ]);
  return folders.map((folder) => join(folder, JEMALLOC)).find((path) => existsSync(path));
}
