import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild, TSC } from './build.mjs';
import { run } from './run.mjs';
import { SetupError, say } from './step.mjs';

/** Everything that must hold before a commit, but for the tests; all parts run even when one fails. */
export async function check(machine) {
  const parts = {
    'format and lint': () => run(machine, ['node_modules/@biomejs/biome/bin/biome', 'ci']),
    types: () => run(machine, [TSC, '--noEmit', '-p', 'tsconfig.json']),
    boundaries: () => run(machine, ['node_modules/vitest/vitest.mjs', 'run', 'tools/boundaries.test.ts']),
    'generated files': () => regenerate(machine),
  };
  const failed = [];
  for (const [name, part] of Object.entries(parts)) {
    say(`check: ${name}`);
    if ((await part()) !== 0) failed.push(name);
  }
  say(failed.length === 0 ? 'check: all is well' : `check: failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
}

async function regenerate(machine) {
  if (!existsSync(join(machine.root, 'tools/generate.mjs'))) return 0;
  try {
    await ensureBuild(machine.root, machine);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    return 1;
  }
  const before = contents(machine.root);
  const code = await run(machine, ['tools/generate.mjs']);
  const after = contents(machine.root);
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  if (changed.length > 0) say(`these files were out of date; commit them as regenerated: ${changed.join(', ')}`);
  return code || (changed.length > 0 ? 1 : 0);
}

// Compared with what was there before, not with git: generated files may rightly be part of the change being checked.
function contents(root) {
  const folder = 'docs/reference';
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder), { recursive: true }) : [];
  const files = names.map((name) => join(folder, name)).filter((file) => statSync(join(root, file)).isFile());
  return new Map(
    files.map((file) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(root, file)))
        .digest('hex'),
    ]),
  );
}
