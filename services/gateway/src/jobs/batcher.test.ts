import { describe, expect, test } from 'vitest';
import { Batcher } from './batcher.js';

describe('a batcher', () => {
  test('gives items of one turn to one flush and each caller its own result', async () => {
    const flushed: number[][] = [];
    const batcher = new Batcher<number, string>(
      async (items) => {
        flushed.push(items);
        return items.map((item) => `#${item}`);
      },
      { size: 10, lanes: 1 },
    );
    expect(await Promise.all([1, 2, 3].map((item) => batcher.add(item)))).toEqual(['#1', '#2', '#3']);
    expect(flushed).toEqual([[1, 2, 3]]);
  });

  test('gathers while a flush is under way, and never exceeds its size', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>(
      async (items) => {
        sizes.push(items.length);
        await new Promise(setImmediate);
        return items;
      },
      { size: 4, lanes: 1 },
    );
    const all = Array.from({ length: 11 }, (_, i) => i);
    expect(await Promise.all(all.map((item) => batcher.add(item)))).toEqual(all);
    expect(sizes).toEqual([4, 4, 3]);
  });

  test('lets only the item fail that the flush refuses', async () => {
    const batcher = new Batcher<number, number>(
      async (items) => {
        if (items.includes(2)) throw new Error('two is bad');
        return items;
      },
      { size: 10, lanes: 1 },
    );
    const settled = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
