import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchFromRelease } from './debian-package.mjs';
import { SetupError, step } from './step.mjs';

const PACKAGE = 'mate-backgrounds';

/**
 * Photographs for the benchmarks of images, and jemalloc for their memory: `{ BENCH_PHOTOGRAPHS, BENCH_JEMALLOC }` from
 * the environment, our cache, or fetched into the cache now from the release that this machine runs.
 */
export async function ensureImageTools(root) {
  return {
    BENCH_PHOTOGRAPHS: process.env.BENCH_PHOTOGRAPHS ?? (await ensurePhotographs(root)),
    BENCH_JEMALLOC: process.env.BENCH_JEMALLOC ?? (await ensureJemalloc(root)),
  };
}

async function ensurePhotographs(root) {
  const cache = join(root, '.cache', PACKAGE);
  const folder = join(cache, 'usr', 'share', 'backgrounds', 'mate');
  if (!existsSync(folder)) await fetch(PACKAGE, cache, 'Set BENCH_PHOTOGRAPHS to a folder of large JPEG photographs.');
  return folder;
}

async function ensureJemalloc(root) {
  const cache = join(root, '.cache', 'libjemalloc2');
  if (!existsSync(cache)) await fetch('libjemalloc2', cache, 'Set BENCH_JEMALLOC to the path of libjemalloc.so.2.');
  const found = readdirSync(cache, { recursive: true }).find((path) => path.endsWith('libjemalloc.so.2'));
  return found && join(cache, found);
}

async function fetch(packageName, into, hint) {
  try {
    await step(`fetching ${packageName}`, () => fetchFromRelease({ packageName, into }));
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(
      `The benchmarks of images need ${packageName}, which was not fetched: ${error.message}. ${hint}`,
    );
  }
}
