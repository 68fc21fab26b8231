import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { luminanceOf } from './compare-images.js';
import { type Luminance, similarity } from './similarity.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');

function picture(width: number, height: number, at: (x: number, y: number) => number): Luminance {
  const data = Uint8Array.from({ length: width * height }, (_, index) => at(index % width, Math.floor(index / width)));
  return { data, width, height };
}

describe('the similarity of pictures', () => {
  test.each([
    [1, 1],
    [3, 200],
    [9, 9],
    [64, 64],
    [301, 203],
  ])('of %i x %i that are equal is 1', (width, height) => {
    const wavy = picture(width, height, (x, y) => (x * 7 + y * 13) % 256);
    expect(similarity(wavy, wavy)).toBeCloseTo(1, 10);
  });

  test('is the same in both directions', () => {
    const a = picture(80, 60, (x, y) => (x * y) % 256);
    const b = picture(80, 60, (x, y) => (x * y + 9 * (x % 3)) % 256);
    expect(similarity(a, b)).toBeCloseTo(similarity(b, a), 10);
    expect(similarity(a, b)).toBeLessThan(0.999);
  });

  test('is low for pictures of different things', () => {
    const stripes = picture(100, 100, (x) => (x % 16 < 8 ? 20 : 220));
    const dots = picture(100, 100, (x, y) => (x % 16 < 8 === y % 16 < 8 ? 220 : 20));
    expect(similarity(stripes, dots)).toBeLessThan(0.3);
  });

  test('sees a change in the last row', () => {
    const plain = picture(102, 102, () => 100);
    const edge = picture(102, 102, (_, y) => (y === 101 ? 200 : 100));
    expect(similarity(plain, edge)).toBeLessThan(0.999);
  });

  test('of a photograph falls with each step of quality, in every format', async () => {
    const photo = join(PHOTOS, 'coffee.png');
    const seen = await luminanceOf(sharp(photo));
    for (const format of ['jpeg', 'webp', 'avif'] as const) {
      const values: number[] = [];
      for (const quality of [90, 70, 50, 20]) {
        const encoded = await sharp(photo).toFormat(format, { quality, effort: 0 }).toBuffer();
        values.push(similarity(seen, await luminanceOf(sharp(encoded))));
      }
      expect(values).toEqual(values.toSorted((a, b) => b - a));
      expect(values[0]).toBeGreaterThan(0.99);
    }
  });
});
