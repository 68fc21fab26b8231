import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from './exec.mjs';
import { diagnose, SetupError, step } from './step.mjs';

/** Whether node_modules holds what package-lock.json says. */
export function packagesAreInstalled(root) {
  return read(stampFile(root)) === lockDigest(root);
}

/** Installs the packages of package-lock.json with npm ci, run by Node 24. */
export async function ensurePackages(root, { node, npm, env }) {
  if (packagesAreInstalled(root)) return;
  if (!matchesLock(root)) {
    if (!npm) throw new SetupError('npm was not found: install it, or run npm ci yourself with Node 24.');
    // NODE_ENV=production or omit= in an .npmrc would leave out the compiler and PostgreSQL.
    const args = [npm, 'ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
    await step('installing packages (npm ci)', async () => {
      const { code, output } = await exec(node, args, { cwd: root, env });
      if (code !== 0) throw new SetupError(`npm ci failed. ${diagnose(output)}`);
    });
  }
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampFile(root), lockDigest(root));
}

// Somebody who ran npm install by hand is not made to wait for npm ci as well: npm notes what it installed.
function matchesLock(root) {
  const installed = read(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return false;
  const found = JSON.parse(installed).packages;
  const wanted = Object.entries(JSON.parse(read(join(root, 'package-lock.json'))).packages);
  return wanted.every(([path, { version, link, optional }]) => {
    if (link) return existsSync(join(root, path)); // a workspace that came after the last installation has none yet
    if (!path.includes('node_modules/')) return true; // the workspaces themselves
    return found[path] ? found[path].version === version : optional;
  });
}

function stampFile(root) {
  return join(root, 'node_modules', '.tandem-stamp');
}

function lockDigest(root) {
  const lock = read(join(root, 'package-lock.json'));
  if (!lock) throw new SetupError('package-lock.json is missing: restore it with git checkout package-lock.json.');
  return createHash('sha256').update(lock).digest('hex');
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
