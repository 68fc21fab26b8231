import { expect, it } from 'vitest';
import { eventually } from './eventually.js';

it('retries until the attempt succeeds, and returns its value', async () => {
  let attempts = 0;
  const value = await eventually(() => {
    attempts += 1;
    if (attempts === 1) throw new Error('not yet');
    return attempts > 2 && 'done';
  });
  expect([value, attempts]).toEqual(['done', 3]);
});

it('takes an attempt that returns nothing for a success', async () => {
  await eventually(() => expect(1).toBe(1));
});

it('tells the last failure when the time is up', async () => {
  const last = new Error('the job is still running');
  const failing = eventually(() => Promise.reject(last), { timeoutMs: 50 });
  await expect(failing).rejects.toMatchObject({ message: 'not within 50 ms: the job is still running', cause: last });
});
