import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Runs the tests and prints `N passed, N failed` as the last line; resolves to 0 only when some ran and none failed. */
export async function runTests(machine, args) {
  const dir = mkdtempSync(join(tmpdir(), 'tandem-test-'));
  const file = join(dir, 'counts.json');
  const reporters = args.some((arg) => arg.startsWith('--reporter')) ? [] : ['--reporter=default'];
  const command = [
    'node_modules/vitest/vitest.mjs',
    'run',
    ...reporters,
    '--reporter=./tools/closing-line.mjs',
    ...args,
  ];
  const code = await run(machine, command, { TANDEM_TEST_COUNTS: file });
  const { passed, failed } = readCounts(file);
  rmSync(dir, { recursive: true, force: true });
  // Vitest can fail for a reason that no test stands for: an error in a hook of the whole run, a bad option.
  const failures = code !== 0 && failed === 0 && passed > 0 ? 1 : failed;
  process.stdout.write(`${passed} passed, ${failures} failed\n`);
  return code || (failures > 0 || passed === 0 ? 1 : 0);
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 0 }; // Vitest ended before any test did
  }
}
