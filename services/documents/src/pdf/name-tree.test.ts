import { describe, expect, test } from 'vitest';
import { namesIn } from './name-tree.js';
import { PdfObjects, type PdfValue } from './pdf-objects.js';

function names(root: PdfValue, objects: Record<string, PdfValue> = {}): [string, PdfValue][] {
  const dump = Object.fromEntries(Object.entries(objects).map(([reference, value]) => [`obj:${reference}`, { value }]));
  return namesIn(new PdfObjects({ pages: [], outlines: [], qpdf: [{ maxobjectid: 9 }, dump] }), root);
}

describe('a tree of names', () => {
  test('has the pairs of its leaves in their order', () => {
    const leaf = { '/Names': ['u:c', 3] };
    expect(names({ '/Kids': [{ '/Names': ['u:a', 1, 'u:b', 2] }, '1 0 R'] }, { '1 0 R': leaf })).toEqual([
      ['u:a', 1],
      ['u:b', 2],
      ['u:c', 3],
    ]);
  });

  test('is read once where it goes in a circle, and where nodes share their lists', () => {
    const circle = { '/Kids': ['1 0 R'], '/Names': ['u:a', 1] };
    expect(names('1 0 R', { '1 0 R': circle })).toEqual([['u:a', 1]]);
    const shared = Array.from({ length: 10 }, () => ({ '/Kids': '2 0 R', '/Names': '3 0 R' }));
    expect(names({ '/Kids': '2 0 R' }, { '2 0 R': shared, '3 0 R': ['u:a', 1] })).toEqual([['u:a', 1]]);
  });

  test('has nothing of what is not as it should be', () => {
    expect(names(null)).toEqual([]);
    expect(names({ '/Kids': [7, null, 'u:x'], '/Names': [1, 2, 'u:a'] })).toEqual([]);
  });
});
