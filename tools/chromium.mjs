import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fetchFromRelease } from './debian-package.mjs';
import { exec, onPath } from './exec.mjs';
import { SetupError, step } from './step.mjs';

// Debian's chromium-headless-shell first: it starts a page in half the time of the full browser.
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const MAC_APPS = ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
// The data files of the shell are in chromium-common. Both are named, so that they come even where one is installed.
const CHROMIUM = ['chromium-headless-shell', 'chromium-common'];
const FONTS = ['fonts-dejavu-core', 'fonts-liberation'];
const FONT_FOLDERS = ['/usr/share/fonts', '/usr/local/share/fonts'];

/** The path of a Chromium from CHROMIUM_BIN, the machine, our cache, or fetched into the cache now, with fonts. */
export async function ensureChromium(root) {
  if (isReady(root)) return findChromium(root);
  return await fetchChromium(root);
}

/** Like `ensureChromium`, but only looks: undefined when there is none. */
export function findChromium(root) {
  const chosen = process.env.CHROMIUM_BIN;
  if (chosen && !runs(chosen))
    throw new SetupError(`CHROMIUM_BIN=${chosen} does not run: set it to a Chromium or Chrome, or unset it.`);
  if (chosen) return chosen;
  return [wrapper(root), ...installed()].find((path) => path && runs(path));
}

/** Whether nothing has to be fetched. */
export function isReady(root) {
  const found = findChromium(root);
  return found !== undefined && (found === process.env.CHROMIUM_BIN || found === wrapper(root) || hasFonts());
}

async function fetchChromium(root) {
  const own = findChromium(root); // here when only fonts are missing
  const packages = [...(own ? [] : CHROMIUM), ...(hasFonts() ? [] : FONTS)];
  let reason = 'no way to fetch it is known for this system';
  if (process.platform === 'linux') {
    try {
      return await step(`fetching ${own ? 'fonts for Chromium' : 'Chromium'}`, async () => {
        await fetchFromRelease({ packageName: packages, into: cacheDir(root) });
        writeWrapper(root, own ?? join(cacheDir(root), 'usr', 'lib', 'chromium', 'chromium-headless-shell'));
        await mustWork(wrapper(root));
        return wrapper(root);
      });
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      if (own) return own;
      reason = error.message;
    }
  }
  throw new SetupError(`Chromium was not found (${reason}). ${remedy()}`);
}

function remedy() {
  const ways = {
    darwin: 'Install it with: brew install --cask google-chrome.',
    win32: 'Install it with: winget install Google.Chrome.',
    linux: 'Install it with: apt install chromium-headless-shell (Debian), or the chromium of your system.',
  };
  return `${ways[process.platform] ?? 'Install Chromium or Chrome.'} Or set CHROMIUM_BIN to the program.`;
}

/** Starts what lies in the cache, unpacked and not installed, with its libraries and fonts. */
function writeWrapper(root, program) {
  const dir = cacheDir(root);
  const lines = ['#!/bin/sh'];
  if (program.startsWith(dir)) {
    const folders = readdirSync(join(dir, 'usr', 'lib'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.includes('-linux-'))
      .map(({ name }) => join(dir, 'usr', 'lib', name));
    lines.push(`export LD_LIBRARY_PATH='${[...folders, join(dir, 'usr', 'lib', 'chromium')].join(':')}'`);
  }
  if (!hasFonts()) {
    writeFileSync(join(dir, 'fonts.conf'), fontsConf(dir));
    lines.push(`export FONTCONFIG_FILE='${join(dir, 'fonts.conf')}'`);
  }
  // exec, so that the process that is started is the browser itself, and a signal reaches it.
  lines.push(`exec '${program}' "$@"`, '');
  mkdirSync(join(dir, 'bin'), { recursive: true });
  const file = join(dir, 'bin', basename(program));
  writeFileSync(file, lines.join('\n'));
  chmodSync(file, 0o755);
}

function fontsConf(dir) {
  return [
    '<?xml version="1.0"?>',
    '<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">',
    '<fontconfig>',
    `<dir>${join(dir, 'usr', 'share', 'fonts')}</dir>`,
    `<cachedir>${join(dir, 'fontconfig')}</cachedir>`,
    '</fontconfig>',
    '',
  ].join('\n');
}

// That it tells its version proves too little: the libraries of a page are loaded later.
async function mustWork(program) {
  const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--dump-dom'];
  const { code, stdout, output } = await exec('timeout', ['60', program, ...args, 'data:text/html,<p>it works']);
  if (code === 0 && stdout.includes('it works')) return;
  throw new SetupError(`the package does not run here: ${output.trim().split('\n').at(-1)}`);
}

function installed() {
  return [...NAMES.map(onPath), ...MAC_APPS.filter(existsSync)].filter(Boolean);
}

function hasFonts() {
  if (process.platform !== 'linux') return true;
  return FONT_FOLDERS.some(
    (folder) =>
      existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => /\.(ttf|otf|ttc)$/.test(name)),
  );
}

// As root, Tandem runs Chromium as `nobody`, who may not enter a checkout under /root.
function cacheDir(root) {
  const isClosed = process.getuid?.() === 0 && ancestors(root).some((folder) => (statSync(folder).mode & 0o001) === 0);
  return isClosed ? '/var/cache/tandem/chromium' : join(root, '.cache', 'chromium');
}

function ancestors(folder) {
  return dirname(folder) === folder ? [folder] : [folder, ...ancestors(dirname(folder))];
}

// Named after what it starts: the service treats the headless shell and a full browser differently.
function wrapper(root) {
  return NAMES.map((name) => join(cacheDir(root), 'bin', name)).find(existsSync);
}

function runs(path) {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 30_000 };
    return /Chrom/.test(execFileSync(path, ['--version'], options));
  } catch {
    return false;
  }
}
