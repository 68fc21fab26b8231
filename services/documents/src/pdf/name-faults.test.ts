import { expect, test } from 'vitest';
import { nameFaults } from './name-faults.js';

test('faults are named with their pages, those of the whole document without', () => {
  const faults = new Map([
    ['it has no title', []],
    ['a font is not embedded', [2, 5, 7]],
  ]);
  expect(nameFaults(faults)).toBe('it has no title; a font is not embedded (page 2, 5, 7)');
});

test('of many faults and many pages the first are named, and the rest counted', () => {
  const faults = new Map(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((fault) => [fault, [1, 2, 3, 4, 5]]));
  const named = ['a', 'b', 'c', 'd', 'e'].map((fault) => `${fault} (page 1, 2, 3 and 2 more)`);
  expect(nameFaults(faults)).toBe(`${named.join('; ')}; and 2 more`);
});
