import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { debianMirrors } from './debian-mirror.mjs';
import { exec, onPath } from './exec.mjs';
import { diagnose, SetupError } from './step.mjs';

/**
 * Downloads a package of Debian sid from the mirror that this machine already uses and unpacks it to `into`. Nothing is
 * installed: apt works in a directory of its own, so this needs no root and leaves the machine's lists alone. apt
 * verifies the package with the machine's Debian keys. `withDependencies` adds all that it depends on, as though the
 * machine had nothing.
 */
export async function fetchFromDebian({ packageName, into, withDependencies = false }) {
  if (!onPath('apt-get') || !onPath('dpkg')) throw new SetupError('this system has no apt to fetch it with');
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

async function fetchFrom(mirror, { packageName, into, withDependencies }) {
  const draft = mkdtempSync(join(dirname(into), 'apt-'));
  try {
    const apt = configureApt(draft, mirror);
    await run('apt-get', [...apt, 'update'], draft);
    const get = withDependencies ? ['install', '--download-only', '--no-install-recommends', '-y'] : ['download'];
    await run('apt-get', [...apt, ...get, packageName], draft);
    const archives = withDependencies ? join(draft, 'cache', 'archives') : draft;
    const files = readdirSync(archives).filter((name) => name.endsWith('.deb'));
    if (files.length === 0) throw new SetupError(`apt-get downloaded no ${packageName}`);
    for (const file of files) await run('dpkg', ['-x', join(archives, file), 'unpacked'], draft);
    moveInto(join(draft, 'unpacked'), into);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function configureApt(dir, { uri, signedBy }) {
  for (const path of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(join(dir, path), { recursive: true });
  writeFileSync(join(dir, 'status'), '');
  const options = ['target=Packages', ...(signedBy ? [`signed-by=${signedBy}`] : [])];
  writeFileSync(join(dir, 'sid.list'), `deb [${options.join(' ')}] ${uri} sid main\n`);
  // The machine's own apt.conf.d stays in force (proxies, clocks), but for hooks that would clean the machine's caches.
  const lines = [
    '#clear APT::Update::Post-Invoke;',
    '#clear APT::Update::Post-Invoke-Success;',
    `Dir::Etc::sourcelist "${join(dir, 'sid.list')}";`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    `Dir::State "${join(dir, 'state')}";`,
    `Dir::State::status "${join(dir, 'status')}";`,
    `Dir::Cache "${join(dir, 'cache')}";`,
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
  const { code, output } = await exec(program, args, { cwd, env: { ...process.env, LC_ALL: 'C' } });
  if (code !== 0)
    throw new SetupError(`${program} ${args.slice(program === 'dpkg' ? 0 : 3).join(' ')} failed: ${diagnose(output)}`);
}

function moveInto(from, to) {
  rmSync(to, { recursive: true, force: true }); // an older version, or one that does not run
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error; // otherwise another run was faster, and its copy is as good
  }
}
