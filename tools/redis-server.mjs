import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { exec, onPath } from './exec.mjs';
import { diagnose, SetupError, step } from './step.mjs';

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
  if (!onPath('apt-get') || !onPath('dpkg'))
    throw new SetupError(`The benchmarks need redis-server, and this system has no apt to fetch it with. ${HINT}`);
  return await step('fetching redis-server', async () => {
    await download('redis-server', join(root, '.cache', 'redis-server'));
    const found = findRedisServer(root);
    if (!found) throw new SetupError(`The redis-server of this machine's release does not run here. ${HINT}`);
    return found;
  });
}

/**
 * Downloads a package and those of its dependencies that are not installed, and unpacks them all into one folder. From
 * the machine's own release, as programs of another one may need another libc. Nothing is installed, and no root needed:
 * apt gets lists, cache and locks of its own, and a copy of what dpkg knows.
 */
async function download(packageName, into) {
  mkdirSync(dirname(into), { recursive: true });
  const draft = mkdtempSync(join(dirname(into), 'apt-'));
  try {
    for (const path of ['state/lists/partial', 'cache/archives/partial'])
      mkdirSync(join(draft, path), { recursive: true });
    copyFileSync('/var/lib/dpkg/status', join(draft, 'status'));
    const lines = [
      '#clear APT::Update::Post-Invoke;',
      '#clear APT::Update::Post-Invoke-Success;',
      `Dir::State "${join(draft, 'state')}";`,
      `Dir::State::status "${join(draft, 'status')}";`,
      `Dir::Cache "${join(draft, 'cache')}";`,
      'Acquire::Languages "none";',
      'Acquire::Retries "2";',
      'Debug::NoLocking "true";',
      ...(process.getuid() === 0 ? ['APT::Sandbox::User "root";'] : []),
    ];
    writeFileSync(join(draft, 'apt.conf'), lines.join('\n'));
    const apt = ['-qq', '-y', '-c', join(draft, 'apt.conf')];
    // A third party's source that is out of reach must not stop us: the download says what is missing.
    await exec('apt-get', [...apt, 'update'], { cwd: draft, env: environment() });
    await run('apt-get', [...apt, 'install', '--download-only', '--no-install-recommends', packageName], draft);
    const archives = join(draft, 'cache', 'archives');
    const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
    for (const file of files) await run('dpkg', ['-x', join(archives, file), join(draft, 'unpacked')], draft);
    rmSync(into, { recursive: true, force: true });
    renameSync(join(draft, 'unpacked'), into);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

async function run(program, args, cwd) {
  const { code, output } = await exec(program, args, { cwd, env: environment() });
  if (code !== 0) throw new SetupError(`redis-server could not be fetched. ${diagnose(output)} ${HINT}`);
}

function environment() {
  return { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
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
