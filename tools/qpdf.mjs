import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchFromRelease } from './debian-package.mjs';
import { onPath } from './exec.mjs';
import { SetupError, step } from './step.mjs';

/** The first with JSON of version 2, by which links and bookmarks are kept. */
const OLDEST = 11;

/**
 * The path of a qpdf 11 or newer, from QPDF_BIN, the PATH, our cache, or fetched into the cache now.
 */
export async function ensureQpdf(root) {
  return findQpdf(root) ?? (await fetchQpdf(root));
}

/** Like `ensureQpdf`, but only looks. */
export function findQpdf(root) {
  const chosen = process.env.QPDF_BIN;
  if (chosen && !runs(chosen))
    throw new SetupError(`QPDF_BIN=${chosen} does not run: set it to a qpdf ${OLDEST} or newer, or unset it.`);
  return chosen || [onPath('qpdf'), wrapper(root)].find((path) => path && runs(path));
}

async function fetchQpdf(root) {
  try {
    if (process.platform !== 'linux') throw new SetupError('no way to fetch it is known for this system');
    return await step('fetching qpdf', async () => {
      await fetchFromRelease({ packageName: 'qpdf', into: cacheDir(root) });
      writeWrapper(root);
      if (!runs(wrapper(root))) throw new SetupError('that of this release is too old, or does not run here');
      return wrapper(root);
    });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    const install = process.platform === 'darwin' ? 'brew install qpdf' : 'apt install qpdf';
    throw new SetupError(`qpdf was not found (${error.message}). Install it with: ${install}. Or set QPDF_BIN.`);
  }
}

function cacheDir(root) {
  return join(root, '.cache', 'qpdf');
}

function wrapper(root) {
  const path = join(cacheDir(root), 'qpdf');
  return existsSync(path) ? path : undefined;
}

/** Starts the program with the libraries that came with it; what it needs beside them the machine has. */
function writeWrapper(root) {
  const libs = join('usr', 'lib');
  const folders = readdirSync(join(cacheDir(root), libs)).map((name) => `"$here/${join(libs, name)}"`);
  const path = join(cacheDir(root), 'qpdf');
  const lines = [
    '#!/bin/sh',
    'here=$(dirname "$0")',
    `export LD_LIBRARY_PATH=${folders.join(':')}`,
    'exec "$here/usr/bin/qpdf" "$@"',
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  chmodSync(path, 0o755);
}

function runs(path) {
  try {
    const output = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return Number(output.match(/^qpdf version (\d+)\./)?.[1]) >= OLDEST;
  } catch {
    return false;
  }
}
