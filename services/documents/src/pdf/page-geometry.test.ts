import { expect, test } from 'vitest';
import { followedBy, inverse, seenPage } from './page-geometry.js';

test.each([
  [{}, { width: 612, height: 792 }],
  [
    { mediaBox: [0, 0, 300, 200], cropBox: [900, 900, 950, 950] },
    { width: 300, height: 200 },
  ],
  [
    { mediaBox: [300, 200, 0, 0], cropBox: [-50, 20, 100, 900] },
    { width: 100, height: 180 },
  ],
  [{ mediaBox: [0, 0, Number.NaN, 200] }, { width: 612, height: 792 }],
  [
    { mediaBox: [0, 0, 300, 200], rotate: 90, userUnit: 2 },
    { width: 400, height: 600 },
  ],
  [
    { mediaBox: [0, 0, 300, 200], rotate: Number.NaN, userUnit: -1 },
    { width: 300, height: 200 },
  ],
])('a page with %j is seen as %j', (boxes, size) => {
  expect(seenPage(boxes)).toMatchObject(size);
});

test('a matrix and its inverse lead back', () => {
  const { toPage } = seenPage({ mediaBox: [10, 20, 300, 200], rotate: 270, userUnit: 3 });
  const back = followedBy(toPage, inverse(toPage)).map((number) => Math.round(number * 1e6) / 1e6 + 0);
  expect(back).toEqual([1, 0, 0, 1, 0, 0]);
});
