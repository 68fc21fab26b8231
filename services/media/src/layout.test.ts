import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutOf, turned } from './layout.js';

const side = fc.integer({ min: 1, max: 16_384 });
const size = fc.record({ width: side, height: side });

describe('layoutOf', () => {
  test.each([
    ['inside', { width: 100, height: 100 }, { width: 100, height: 50 }],
    ['contain', { width: 100, height: 100 }, { width: 100, height: 100 }],
    ['cover', { width: 100, height: 100 }, { width: 100, height: 100 }],
    ['fill', { width: 100, height: 30 }, { width: 100, height: 30 }],
    ['outside', { width: 100, height: 100 }, { width: 200, height: 100 }],
    ['cover', { width: 100 }, { width: 100, height: 50 }],
    ['fill', { height: 100 }, { width: 200, height: 100 }],
    ['inside', {}, { width: 400, height: 200 }],
    ['inside', { width: 4000 }, { width: 400, height: 200 }],
    ['outside', { width: 800 }, { width: 800, height: 400 }],
    ['inside', { width: 50, dpr: 3 }, { width: 150, height: 75 }],
    ['inside', { width: 800, enlarge: true }, { width: 800, height: 400 }],
    ['cover', { width: 800, height: 800, enlarge: false }, { width: 200, height: 200 }],
    ['cover', { width: 100, height: 100, enlarge: false }, { width: 100, height: 100 }],
    ['contain', { width: 800, height: 800, enlarge: false }, { width: 800, height: 800 }],
    ['fill', { width: 800, height: 100, enlarge: false }, { width: 400, height: 100 }],
    ['outside', { width: 800, height: 800, enlarge: false }, { width: 400, height: 200 }],
  ] as const)('%s of 400 x 200 in %j is %j', (fit, box, output) => {
    expect(layoutOf({ width: 400, height: 200 }, { ...box, fit }).output).toEqual(output);
  });

  test('inside and contain are never larger than their box, and inside never larger than the source', () => {
    fc.assert(
      fc.property(size, size, fc.constantFrom('inside', 'contain'), (source, box, fit) => {
        const { scaled, output } = layoutOf(source, { ...box, fit });
        for (const part of [scaled, output]) {
          expect(part.width).toBeLessThanOrEqual(box.width);
          expect(part.height).toBeLessThanOrEqual(box.height);
        }
        if (fit === 'inside') expect(output.width).toBeLessThanOrEqual(source.width);
      }),
    );
  });

  test('cover and outside leave no part of their box empty', () => {
    fc.assert(
      fc.property(size, size, fc.constantFrom('cover', 'outside'), (source, box, fit) => {
        const { scaled } = layoutOf(source, { ...box, fit });
        expect(scaled.width).toBeGreaterThanOrEqual(box.width);
        expect(scaled.height).toBeGreaterThanOrEqual(box.height);
      }),
    );
  });

  test('enlarges a vector to its box', () => {
    const box = { width: 500, height: 500, fit: 'inside' } as const;
    expect(layoutOf({ width: 24, height: 24 }, box, true).output).toEqual({ width: 500, height: 500 });
  });
});

test('a turned image has the size of the upright box around it', () => {
  const size = { width: 400, height: 200 };
  const quarter = { width: 200, height: 400 };
  expect([0, 90, -90, 180, 270, -360].map((degrees) => turned(size, degrees))).toEqual([
    size,
    quarter,
    quarter,
    size,
    quarter,
    size,
  ]);
  expect(turned(size, 45)).toEqual({ width: 424, height: 424 });
});
