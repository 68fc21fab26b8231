import type { Step } from './boot.js';

/** Prints a line for people. The log goes to a file, so the terminal stays readable. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** Prints each step of the boot with the time that it took. */
export const timedStep: Step = async (name, work) => {
  const begin = performance.now();
  const result = await work();
  say(`  ${name.padEnd(16)} ready in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return result;
};
