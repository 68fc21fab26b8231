import { expect, test } from 'vitest';
import { paletteOf } from './palette.js';

const pixels = (...runs: [number, string][]) =>
  Buffer.from(runs.map(([count, rgba]) => rgba.repeat(count)).join(''), 'hex');

test('colours come with their shares, fullest first', () => {
  expect(paletteOf(pixels([20, '0000ffff'], [50, 'ff0000ff'], [30, '00ff00ff']))).toEqual([
    { color: '#ff0000', share: 0.5 },
    { color: '#00ff00', share: 0.3 },
    { color: '#0000ff', share: 0.2 },
  ]);
});

test('shades of one colour are one, and their mean', () => {
  expect(paletteOf(pixels([50, '404040ff'], [50, '505050ff']))).toEqual([{ color: '#484848', share: 1 }]);
});

test('what is transparent does not count', () => {
  expect(paletteOf(pixels([900, 'ffffff00'], [100, '102030ff']))).toEqual([{ color: '#102030', share: 1 }]);
  expect(paletteOf(pixels([9, 'ffffff00']))).toEqual([]);
});

test('there are at most six', () => {
  const runs = [0, 1, 2, 3, 4, 5, 6, 7].map((n): [number, string] => [
    10 + n,
    `${n & 1 ? 'ff' : '00'}${n & 2 ? 'ff' : '00'}${n & 4 ? 'ff' : '00'}ff`,
  ]);
  expect(paletteOf(pixels(...runs))).toHaveLength(6);
});
