import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { searchQuality } from './search-quality.js';

const range = { target: 0.995, start: 75, floor: 60, ceiling: 90 };

/** Similarity as a straight line of the logarithm of the loss, as it nearly is. */
async function searched(similarityAt: (quality: number) => number, options = range) {
  const tried: number[] = [];
  const found = await searchQuality(options, async (quality) => {
    tried.push(quality);
    return { quality, similarity: similarityAt(quality) };
  });
  return { found, tried };
}
const line = (needed: number, slope: number) => (quality: number) =>
  1 - Math.exp(Math.log(0.005) + slope * (quality - needed));

describe('the search for a quality', () => {
  test('takes at most four trials within the range, and ends on one of them', async () => {
    const slope = fc.double({ min: -0.12, max: -0.0001, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 20, max: 120 }), slope, async (needed, fall) => {
        const { found, tried } = await searched(line(needed, fall));
        expect(tried.length).toBeLessThanOrEqual(4);
        expect(new Set(tried).size).toBe(tried.length);
        for (const quality of tried) expect(quality).toBeGreaterThanOrEqual(60);
        for (const quality of tried) expect(quality).toBeLessThanOrEqual(90);
        expect(tried).toContain(found.quality);
      }),
    );
  });

  test('finds what is needed to within a few steps, wherever it lies in the range', async () => {
    const slope = fc.double({ min: -0.06, max: -0.02, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 61, max: 90 }), slope, async (needed, fall) => {
        const { found } = await searched(line(needed, fall));
        expect(found.similarity).toBeGreaterThanOrEqual(0.995 - 1e-9);
        expect(found.quality - needed).toBeLessThanOrEqual(8);
      }),
    );
  });

  test('is content with the lowest quality when that is enough', async () => {
    const { found } = await searched(() => 1);
    expect(found.quality).toBe(60);
  });

  test('ends at the highest quality when none is enough', async () => {
    const { found } = await searched(line(140, -0.04));
    expect(found.quality).toBe(90);
  });

  test('buys no quality that changes nothing', async () => {
    const { found, tried } = await searched(() => 0.95);
    expect([found.quality, tried.length]).toEqual([75, 2]);
  });
});
