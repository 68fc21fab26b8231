import { expect, it } from 'vitest';
import { WaitingLine } from './waiting-line.js';

const never = new AbortController().signal;
const line = (places: number, longest = 10) => new WaitingLine(places, longest, () => new Error('full'));

it('lets those who wait in by the order in which they came', async () => {
  const waiting = line(1);
  const leave = await waiting.enter(never);
  const order: number[] = [];
  const others = [1, 2, 3].map(async (name) => {
    const leaveAgain = await waiting.enter(never);
    order.push(name);
    leaveAgain();
  });
  leave();
  await Promise.all(others);
  expect(order).toEqual([1, 2, 3]);
});

it('lets somebody who gives up out of the line, with the reason, and nobody else loses a place', async () => {
  const waiting = line(1);
  const leave = await waiting.enter(never);
  const impatient = new AbortController();
  const [first, second] = [waiting.enter(impatient.signal), waiting.enter(never)];
  impatient.abort(new Error('too long'));
  await expect(first).rejects.toThrow('too long');
  leave();
  leave();
  (await second)();
  (await waiting.enter(never))();
  expect(waiting.length).toBe(0);
});

it('refuses who comes when the line is full, and all when it is closed', async () => {
  const waiting = line(1, 1);
  await waiting.enter(never);
  const second = waiting.enter(never);
  await expect(waiting.enter(never)).rejects.toThrow('full');
  waiting.close(new Error('closed'));
  await expect(second).rejects.toThrow('closed');
  await expect(waiting.enter(never)).rejects.toThrow('closed');
});
