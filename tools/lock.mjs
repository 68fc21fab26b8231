import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './step.mjs';

/** Lets one process at a time prepare this part of the checkout: two `npm test` at once must not write the same folders. */
export async function withLock(root, part, work) {
  const file = join(root, '.cache', `${part}.lock`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  for (let told = false; !take(file); told = true) {
    if (!told) say(`another run (pid ${holder(file)}) is preparing the ${part} of this checkout; waiting for it`);
    await sleep(200);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const pid = holder(file);
  if (pid && !isAlive(pid) && holder(file) === pid) rmSync(file, { force: true }); // left by a run that was killed
  return false;
}

function holder(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
