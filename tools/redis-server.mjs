import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchFromRelease } from './debian-package.mjs';
import { onPath } from './exec.mjs';
import { SetupError, step } from './step.mjs';

const HINT = 'Install it yourself, or set REDIS_SERVER_BIN to the program.';

/**
 * A redis-server for the benchmarks: `{ REDIS_SERVER_BIN, REDIS_SERVER_LIBS }` from REDIS_SERVER_BIN, the PATH, our cache,
 * or fetched into the cache now from the release that this machine runs, with the libraries that it lacks.
 */
export async function ensureRedisServer(root) {
  const chosen = process.env.REDIS_SERVER_BIN;
  if (chosen && !runs(chosen)) throw new SetupError(`REDIS_SERVER_BIN=${chosen} does not run: correct it or unset it.`);
  return findRedisServer(root) ?? (await fetchRedisServer(root));
}

function findRedisServer(root) {
  const cache = join(root, '.cache', 'redis-server');
  const libs = libraryFolders(cache);
  const found = [process.env.REDIS_SERVER_BIN, onPath('redis-server')].find((path) => path && runs(path));
  if (found) return { REDIS_SERVER_BIN: found, REDIS_SERVER_LIBS: '' };
  const cached = join(cache, 'usr', 'bin', 'redis-server');
  return existsSync(cached) && runs(cached, libs) ? { REDIS_SERVER_BIN: cached, REDIS_SERVER_LIBS: libs } : undefined;
}

async function fetchRedisServer(root) {
  try {
    return await step('fetching redis-server', async () => {
      await fetchFromRelease({ packageName: 'redis-server', into: join(root, '.cache', 'redis-server') });
      const found = findRedisServer(root);
      if (!found) throw new SetupError('that of this release does not run here');
      return found;
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(`The benchmarks need redis-server, and it was not found (${error.message}). ${HINT}`);
  }
}

/** The folders of shared libraries below `cache`, as LD_LIBRARY_PATH takes them. */
function libraryFolders(cache) {
  return ['usr/lib', 'lib']
    .map((folder) => join(cache, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...readdirSync(folder).map((name) => join(folder, name))])
    .filter((folder) => /(lib|-linux-gnu\w*)$/.test(folder))
    .join(':');
}

function runs(path, libs = '') {
  try {
    const env = libs ? { ...process.env, LD_LIBRARY_PATH: libs } : process.env;
    return execFileSync(path, ['--version'], { encoding: 'utf8', env }).startsWith('Redis server');
  } catch {
    return false;
  }
}
