/** What the tests run in isolated processes. */
import { twice } from './isolated-work-import.fixture.js';

export const echo = (input: unknown) => input;
export const doubled = (input: number) => twice(input);
export const pid = () => process.pid;
export const environment = () => Object.keys(process.env);

export function count(to: number, note: (n: number) => void): string {
  for (let n = 1; n <= to; n++) note(n);
  return 'counted';
}

export function spin(): never {
  for (;;);
}

export function spinAfterNote(_: unknown, note: (pid: number) => void): never {
  note(process.pid);
  for (;;);
}

export function spinAloud(): never {
  console.log(`spinning in ${process.pid}`);
  for (;;);
}

export function failUncloneable(): never {
  throw Object.assign(new TypeError('no such glyph'), { again: () => {} });
}

export function failWithCode(): never {
  throw Object.assign(new TypeError('no such glyph'), { code: 'font' });
}

export function quit(code: number): never {
  process.exit(code);
}

export function eatHeap(): never {
  const eaten: unknown[] = [];
  for (;;) eaten.push(new Array(1000).fill(eaten.length));
}

export function eatBuffers(): never {
  const eaten: Buffer[] = [];
  for (;;) eaten.push(Buffer.alloc(1024 * 1024, 1));
}

const kept: Buffer[] = [];

/** Leaves so many megabytes behind. */
export function keep(megabytes: number): number {
  kept.push(Buffer.alloc(megabytes * 1024 * 1024, 1));
  return process.pid;
}
