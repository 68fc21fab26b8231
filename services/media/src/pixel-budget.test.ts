import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PixelBudget } from './pixel-budget.js';

const never = new AbortController().signal;

test('admits what fits and makes the rest wait in order', async () => {
  const budget = new PixelBudget(100);
  const order: string[] = [];
  const note = (name: string) => (room: Disposable) => {
    order.push(name);
    return room;
  };
  const first = await budget.take(80, never);
  const large = budget.take(90, never).then(note('large'));
  const small = budget.take(10, never).then(note('small'));
  await turn();
  expect(order).toEqual([]);
  first[Symbol.dispose]();
  await Promise.all([large, small]);
  expect(order).toEqual(['large', 'small']);
});

test('an image larger than the budget runs, alone', async () => {
  const budget = new PixelBudget(100);
  const huge = await budget.take(5000, never);
  let admitted = false;
  const next = budget.take(1, never).then(() => {
    admitted = true;
  });
  await turn();
  expect(admitted).toBe(false);
  huge[Symbol.dispose]();
  await next;
});

test('an aborted wait leaves the queue and lets the next one in', async () => {
  const budget = new PixelBudget(100);
  await budget.take(50, never);
  const abort = new AbortController();
  const large = budget.take(100, abort.signal);
  const small = budget.take(50, never);
  abort.abort(new Error('timed out'));
  await expect(large).rejects.toThrow('timed out');
  await small;
});
