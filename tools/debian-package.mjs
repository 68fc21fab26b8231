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
import { debianMirrors } from './debian-mirror.mjs';
import { exec, onPath } from './exec.mjs';
import { diagnose, SetupError } from './step.mjs';

const INSTALL = ['install', '--download-only', '--no-install-recommends', '-y'];
const ARCHIVES = join('cache', 'archives');

/**
 * Downloads a package of Debian sid from the mirror that this machine already uses and unpacks it to `into`. Nothing is
 * installed: apt works in a directory of its own, so this needs no root and leaves the machine's lists alone. apt
 * verifies the package with the machine's Debian keys. `withDependencies` adds all that it depends on, as though the
 * machine had nothing.
 */
export async function fetchFromDebian({ packageName, into, withDependencies = false }) {
  requireApt();
  const mirrors = debianMirrors();
  if (mirrors.length === 0) throw new SetupError("this machine's apt sources name no Debian mirror to fetch it from");
  mkdirSync(dirname(into), { recursive: true });
  const failures = [];
  for (const mirror of mirrors) {
    const failure = await fetchFrom(mirror, { packageName, into, withDependencies }).then(
      () => undefined,
      (error) => error,
    );
    if (!failure) return;
    if (!(failure instanceof SetupError)) throw failure;
    failures.push(failure.message);
  }
  throw new SetupError(failures[0]);
}

/**
 * Downloads a package of the release that this machine runs, as programs and libraries of another one may need another
 * libc, with those of its dependencies that are not installed, and unpacks them all to `into`. Nothing is installed and
 * no root needed: apt gets lists, cache and locks of its own, and a copy of what dpkg knows. `packageName` may be several.
 */
export async function fetchFromRelease({ packageName, into }) {
  requireApt();
  await inDraft(into, async (draft) => {
    copyFileSync('/var/lib/dpkg/status', join(draft, 'status'));
    const apt = configureApt(draft);
    // A third party's source that is out of reach must not stop us: the download says what is missing.
    await exec('apt-get', [...apt, 'update'], { cwd: draft, env: environment() });
    await run('apt-get', [...apt, ...INSTALL, '--reinstall', ...[packageName].flat()], draft);
    return join(draft, ARCHIVES);
  });
}

async function fetchFrom({ uri, signedBy }, { packageName, into, withDependencies }) {
  await inDraft(into, async (draft) => {
    writeFileSync(join(draft, 'status'), '');
    const options = ['target=Packages', ...(signedBy ? [`signed-by=${signedBy}`] : [])];
    writeFileSync(join(draft, 'sid.list'), `deb [${options.join(' ')}] ${uri} sid main\n`);
    const apt = configureApt(draft, [
      `Dir::Etc::sourcelist "${join(draft, 'sid.list')}";`,
      'Dir::Etc::sourceparts "/dev/null";',
      'Dir::Etc::preferences "/dev/null";',
      'Dir::Etc::preferencesparts "/dev/null";',
    ]);
    await run('apt-get', [...apt, 'update'], draft);
    await run('apt-get', [...apt, ...(withDependencies ? INSTALL : ['download']), packageName], draft);
    return withDependencies ? join(draft, ARCHIVES) : draft;
  });
}

/** Unpacks the packages of the folder that `download` names, out of a folder that is gone afterwards. */
async function inDraft(into, download) {
  mkdirSync(dirname(into), { recursive: true });
  const draft = mkdtempSync(join(dirname(into), 'apt-'));
  try {
    const folder = await download(draft);
    const files = readdirSync(folder).filter((name) => name.endsWith('.deb'));
    if (files.length === 0) throw new SetupError('apt-get downloaded no package');
    for (const file of files) await run('dpkg', ['-x', join(folder, file), join(draft, 'unpacked')], draft);
    moveInto(join(draft, 'unpacked'), into);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function requireApt() {
  if (!onPath('apt-get') || !onPath('dpkg')) throw new SetupError('this system has no apt to fetch it with');
}

function configureApt(dir, settings = []) {
  for (const path of ['state/lists/partial', join(ARCHIVES, 'partial')])
    mkdirSync(join(dir, path), { recursive: true });
  // The machine's own apt.conf.d stays in force (proxies, clocks), but for hooks that would clean the machine's caches.
  const lines = [
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    `Dir::State "${join(dir, 'state')}";`,
    `Dir::State::status "${join(dir, 'status')}";`,
    `Dir::Cache "${join(dir, 'cache')}";`,
    ...settings,
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    // Nothing is installed, so there is nothing to guard, and only root may take the lock.
    'Debug::NoLocking "true";',
    // As root, apt would download as the account _apt, which may not enter a checkout under /root.
    ...(process.getuid() === 0 ? ['APT::Sandbox::User "root";'] : []),
  ];
  writeFileSync(join(dir, 'apt.conf'), lines.join('\n'));
  // -c comes after the machine's files, APT_CONFIG before them.
  return ['-qq', '-c', join(dir, 'apt.conf')];
}

async function run(program, args, cwd) {
  const { code, output } = await exec(program, args, { cwd, env: environment() });
  if (code !== 0)
    throw new SetupError(`${program} ${args.slice(program === 'dpkg' ? 0 : 3).join(' ')} failed: ${diagnose(output)}`);
}

function environment() {
  return { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

function moveInto(from, to) {
  rmSync(to, { recursive: true, force: true }); // an older version, or one that does not run
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // otherwise another run was faster, and its copy is as good
  }
}
