import { expect, test } from 'vitest';
import { ReadyQueue } from './ready-queue.js';

function taken(queue: ReadyQueue<string>, count: number): string[] {
  return Array.from({ length: count }, () => queue.take()!);
}

test('of ten starts where all lanes wait, six are high, three normal and one low', () => {
  const queue = new ReadyQueue<string>();
  for (let n = 0; n < 20; n += 1) for (const lane of ['high', 'normal', 'low'] as const) queue.add(lane, 't', lane);
  for (const _ of [1, 2]) {
    const ten = taken(queue, 10);
    const count = (lane: string) => ten.filter((each) => each === lane).length;
    expect([count('high'), count('normal'), count('low')]).toEqual([6, 3, 1]);
  }
});

test('an empty lane leaves its turns to the others', () => {
  const queue = new ReadyQueue<string>();
  for (let n = 0; n < 3; n += 1) queue.add('low', 't', `${n}`);
  expect(taken(queue, 3)).toEqual(['0', '1', '2']);
  expect(queue.take()).toBeUndefined();
});

test('tenants of a lane take turns, each in its own order', () => {
  const queue = new ReadyQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.add('normal', item[0]!, item);
  expect(taken(queue, 6)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect(queue.size('normal')).toBe(0);
});
