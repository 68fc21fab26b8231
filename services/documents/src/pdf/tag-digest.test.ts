import { describe, expect, test } from 'vitest';
import { PdfObjects, type PdfValue } from './pdf-objects.js';
import { tagsOf } from './tag-digest.js';

/** The tags of a document of one page, of these objects by number. */
function read(objects: Record<number, PdfValue>) {
  const catalog = { '/StructTreeRoot': '2 0 R' };
  const all = Object.entries({ 1: catalog, 3: { '/Type': '/Page' }, ...objects });
  const dump = Object.fromEntries(all.map(([number, value]) => [`obj:${number} 0 R`, { value }]));
  const trailer = { value: { '/Root': '1 0 R' } };
  return tagsOf(new PdfObjects({ pages: [], outlines: [], qpdf: [{ maxobjectid: 99 }, { ...dump, trailer }] }), [
    '3 0 R',
  ]);
}

describe('a structure that is not as it should be', () => {
  test('is read once where it goes in a circle', () => {
    const element = { '/S': '/P', '/K': ['4 0 R', 0], '/Pg': '3 0 R' };
    const tags = read({ 2: { '/K': '4 0 R' }, 4: element });
    expect(tags?.roots).toEqual([{ look: { '/S': '/P' }, kids: [{ page: 1, mcid: 0 }] }]);
  });

  test('has no content with numbers that no page has', () => {
    const tags = read({ 2: { '/K': { '/S': '/P', '/Pg': '3 0 R', '/K': [-1, 1.5, 4_000_000_000, 7] } } });
    expect(tags?.roots[0]?.kids).toEqual([{ page: 1, mcid: 7 }]);
  });

  test('has roles that stand for each other', () => {
    const tags = read({ 2: { '/K': { '/S': '/A' }, '/RoleMap': { '/A': '/B', '/B': '/A' } } });
    expect(['/A', '/B']).toContain(tags?.roots[0]?.look['/S']);
  });

  test('is cut where it is deeper than any document', () => {
    let element: PdfValue = { '/S': '/P', '/K': 0, '/Pg': '3 0 R' };
    for (let depth = 0; depth < 5_000; depth++) element = { '/S': '/Div', '/K': element };
    expect(JSON.stringify(read({ 2: { '/K': element } })).length).toBeLessThan(10_000);
  });

  test('is read once where elements without a reference share their list', () => {
    const element = { '/S': '/Div', '/K': '4 0 R' };
    const objects: Record<number, PdfValue> = {
      2: { '/K': '4 0 R' },
      4: [{ ...element }, { ...element }, { '/S': '/P', '/Pg': '3 0 R', '/K': 0 }],
    };
    const kids = (tags: ReturnType<typeof read>) => tags?.roots.map((root) => root.kids);
    expect(kids(read(objects))).toEqual([[], [], [{ page: 1, mcid: 0 }]]);
  });

  test('is cut where the look of an element refers to lists of lists', () => {
    const many = (reference: string) => Array.from({ length: 1_000 }, () => reference);
    const element = { '/S': '/P', '/Pg': '3 0 R', '/K': 0, '/Alt': 'u:alt', '/A': '4 0 R' };
    const tags = read({ 2: { '/K': element }, 4: many('5 0 R'), 5: many('6 0 R'), 6: many('u:a') });
    expect(tags?.roots[0]?.look).toMatchObject({ '/S': '/P', '/Alt': 'u:alt' });
    expect(JSON.stringify(tags).length).toBeLessThan(100_000);
  });

  test('is none without elements', () => {
    expect(read({ 2: { '/K': [] } })).toBeUndefined();
    expect(read({ 2: null })).toBeUndefined();
  });
});
