import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchFromRelease } from './debian-package.mjs';
import { SetupError, step } from './step.mjs';

/** A whole Chromium, which the benchmark of documents holds against the headless shell: `{ BENCH_CHROMIUM }`. */
export async function ensureFullChromium(root) {
  if (process.env.BENCH_CHROMIUM) return { BENCH_CHROMIUM: process.env.BENCH_CHROMIUM };
  const cache = join(root, '.cache', 'chromium-full');
  const program = join(cache, 'chromium');
  try {
    if (!existsSync(program))
      await step('fetching Chromium', async () => {
        await fetchFromRelease({ packageName: ['chromium', 'chromium-common'], into: cache });
        writeWrapper(cache, program);
      });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(
      `The benchmark needs a whole Chromium, which was not fetched: ${error.message}. Set BENCH_CHROMIUM to one.`,
    );
  }
  return { BENCH_CHROMIUM: program };
}

/** Starts what lies in the cache, unpacked and not installed, with its libraries. */
function writeWrapper(cache, program) {
  const libs = join(cache, 'usr', 'lib');
  const folders = readdirSync(libs).map((name) => join(libs, name));
  const lines = ['#!/bin/sh', `export LD_LIBRARY_PATH='${folders.join(':')}'`];
  lines.push(`exec '${join(libs, 'chromium', 'chromium')}' "$@"`, '');
  writeFileSync(program, lines.join('\n'));
  chmodSync(program, 0o755);
}
