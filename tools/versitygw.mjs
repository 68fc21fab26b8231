import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fetchFromDebian } from './debian-package.mjs';
import { exec, onPath } from './exec.mjs';
import { diagnose, SetupError, step } from './step.mjs';

// No Debian package holds an S3 server (its rclone is built without `serve s3`), and none of the servers is on npm.
const MODULE = 'github.com/versity/versitygw';
/** Our main package around it: its go.mod names the version, its go.sum what may be downloaded. */
const SOURCES = join(import.meta.dirname, 's3-server');
const NAME = process.platform === 'win32' ? 'versitygw.exe' : 'versitygw';

const REMEDY = `Install Go 1.25 or newer, which builds it, or set VERSITYGW_BIN to the program (${MODULE}).`;

/** The path of the S3 server that the tests use, from VERSITYGW_BIN, the PATH, our cache, or built into the cache now. */
export async function ensureVersitygw(root) {
  return findVersitygw(root) ?? (await buildVersitygw(root));
}

/** Like `ensureVersitygw`, but only looks: undefined when there is none. */
export function findVersitygw(root) {
  const chosen = process.env.VERSITYGW_BIN;
  if (chosen && !runs(chosen)) throw new SetupError(`VERSITYGW_BIN=${chosen} does not run: correct it or unset it.`);
  return chosen || [onPath('versitygw'), cached(root)].find((path) => path && runs(path));
}

async function buildVersitygw(root) {
  return await step('building versitygw, an S3 server for the tests (a minute or two, once)', async () => {
    const into = dirname(cached(root));
    mkdirSync(dirname(into), { recursive: true });
    const draft = mkdtempSync(join(dirname(into), 'build-'));
    try {
      await build(await goProgram(draft), draft);
      mkdirSync(into, { recursive: true });
      renameSync(join(draft, 'bin', NAME), cached(root));
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
    if (!runs(cached(root))) throw new SetupError(`versitygw was built, and does not run here. ${REMEDY}`);
    return cached(root);
  });
}

/** The machine's Go, or one from Debian that is gone after the build. */
async function goProgram(draft) {
  const installed = onPath('go');
  if (installed) return installed;
  const into = join(draft, 'go');
  try {
    await fetchFromDebian({ packageName: 'golang-go', into, withDependencies: true });
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    throw new SetupError(`The tests need versitygw, an S3 server, and Go to build it (${error.message}). ${REMEDY}`);
  }
  return join(into, 'usr', 'bin', 'go');
}

async function build(go, draft) {
  // Caches of its own: they hold 700 MB, which nobody needs afterwards. Without -modcacherw, nobody could remove them.
  const env = {
    ...process.env,
    PATH: [dirname(go), process.env.PATH].join(delimiter),
    CGO_ENABLED: '0',
    GOFLAGS: '-modcacherw -mod=readonly',
    GOWORK: 'off',
    GOCACHE: join(draft, 'cache'),
    GOMODCACHE: join(draft, 'modules'),
    GOGC: '400', // each package is compiled by a process of its own, which ends before its garbage is worth collecting
  };
  // A server of tests need not be fast: a good part of the compiler's time goes into optimizing it and describing it to debuggers.
  const quick = ['-gcflags=all=-N -l -dwarf=false', '-ldflags=-s -w'];
  const args = ['build', '-trimpath', '-buildvcs=false', ...quick, '-o', join(draft, 'bin', NAME), '.'];
  const { code, output } = await exec(go, args, { cwd: SOURCES, env });
  const reason = diagnose(output.replace(/^go: downloading .*\n?/gm, ''));
  if (code !== 0) throw new SetupError(`versitygw, an S3 server for the tests, does not build: ${reason} ${REMEDY}`);
}

function cached(root) {
  const sources = createHash('sha256');
  for (const file of ['main.go', 'go.sum']) sources.update(readFileSync(join(SOURCES, file)));
  return join(root, '.cache', 'versitygw', sources.digest('hex').slice(0, 12), NAME);
}

function runs(path) {
  try {
    return existsSync(path) && execFileSync(path, ['--version'], { encoding: 'utf8' }).includes('Version');
  } catch {
    return false;
  }
}
