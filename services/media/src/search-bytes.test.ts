import fc from 'fast-check';
import { expect, test } from 'vitest';
import { searchBytes } from './search-bytes.js';

async function searched(sizeAt: (quality: number) => number, maxBytes: number, ceiling = 80) {
  const tried: number[] = [];
  const found = await searchBytes({ maxBytes, floor: 10, ceiling }, async (quality) => {
    tried.push(quality);
    return { quality, data: { length: Math.round(sizeAt(quality)) } as Uint8Array };
  });
  return { found, tried, bytes: found.data.length };
}
/** Size as encoders have it: exponential, steeper near the top. */
const curve = (base: number, slope: number) => (quality: number) =>
  base * Math.exp(slope * quality + (quality > 85 ? (quality - 85) * 0.05 : 0));

test('whatever fits is found by at most five trials and is no larger than allowed', async () => {
  const slope = fc.double({ min: 0.012, max: 0.05, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 200, max: 60_000 }),
      slope,
      fc.integer({ min: 10, max: 100 }),
      async (maxBytes, rise, ceiling) => {
        const sizeAt = curve(1_000, rise);
        const { found, tried, bytes } = await searched(sizeAt, maxBytes, ceiling);
        expect(tried.length).toBeLessThanOrEqual(5);
        for (const quality of tried) expect(quality >= 10 && quality <= ceiling).toBe(true);
        if (sizeAt(10) > maxBytes + 0.5) expect(found.quality).toBe(10);
        else expect(bytes).toBeLessThanOrEqual(maxBytes);
      },
    ),
  );
});

test('the quality asked for is kept when it fits, by a single trial', async () => {
  const { found, tried } = await searched(curve(100, 0.03), 100_000);
  expect([found.quality, tried]).toEqual([80, [80]]);
});

test('most of the limit is used', async () => {
  const { bytes } = await searched(curve(1_000, 0.03), 5_000);
  expect(bytes).toBeGreaterThan(4_500);
});
