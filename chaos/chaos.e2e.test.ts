import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Report } from './report.js';

const SEED = 7;

/** Runs the suite as a person would, in a process of its own; SIGTERM lets it clean up when the test gives up. */
function runChaos(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, VITEST: undefined };
  return new Promise((resolve) => {
    const script = join(import.meta.dirname, 'run.ts');
    const child = execFile(process.execPath, [script, ...args], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
    onTestFinished(() => void child.kill('SIGTERM'));
  });
}

test('no job is lost and no effect applied twice while everything is killed, wiped, restarted and cut off once', async () => {
  const { code, stdout, stderr } = await runChaos('--short', '--seed', String(SEED), '--json', '-');
  expect(stdout, stderr).toMatch(/^\{/);
  const report: Report = JSON.parse(stdout);
  expect(
    report.promises.filter(({ broken }) => broken > 0),
    stderr,
  ).toEqual([]);
  expect(report.crashes).toEqual([]);
  expect(report.faults.map(({ kind }) => kind).sort()).toEqual([
    'cut worker-nats',
    'kill browsers',
    'kill gateway',
    'kill worker',
    'restart postgres',
    'wipe nats',
  ]);
  expect(report.jobs).toMatchObject({ accepted: 300, byState: { succeeded: 300 } });
  expect(report.effects).toMatchObject({ applied: 300, missing: 0, twice: 0, inLedger: 300 });
  // PostgreSQL was away for a moment: the answer to that is 503.
  expect(report.client.errors).not.toHaveProperty('500');
  expect(code).toBe(0);
}, 300_000);

test('an option that is wrong is named, and ends with code 2', async () => {
  const { code, stderr } = await runChaos('--jobs', 'many');
  expect(stderr).toMatch(/^--jobs must be a number from 1 to \d+, not "many"\./);
  expect(code).toBe(2);
});
