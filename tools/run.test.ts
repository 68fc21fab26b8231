import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '@tandem/testing/eventually';
import { expect, test } from 'vitest';

const SLEEPER = 'console.log(process.pid); setInterval(() => {}, 1_000)';

/** Stands for `node tools/start.mjs`. */
const RUNNER = `
  const { run } = await import(${JSON.stringify(new URL('./run.mjs', import.meta.url).href)});
  const machine = { root: '.', node: process.execPath, env: process.env };
  process.exit(await run(machine, ['-e', ${JSON.stringify(SLEEPER)}]));`;

/** Stands for npm, which dies of a SIGTERM and passes it on to nobody. */
const NPM = `
  const { spawn } = require('node:child_process');
  spawn(process.execPath, ['--input-type=module', '-e', ${JSON.stringify(RUNNER)}], { stdio: 'inherit' });`;

test('what npm started ends when npm is ended', async () => {
  const npm = spawn(process.execPath, ['-e', NPM], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = await once(npm.stdout, 'data');
  const sleeper = Number(String(line));
  try {
    npm.kill('SIGTERM');
    await eventually(() => expect(() => process.kill(sleeper, 0)).toThrow('ESRCH'));
  } catch (error) {
    process.kill(sleeper, 'SIGKILL');
    throw error;
  }
});
