import { expect, test } from 'vitest';
import { type Bookmark, ChangePdfBookmarks } from './pdf-bookmarks.js';

const source = { object: '0193b3f0-0000-7000-8000-0000000000aa' };
const faultsOf = (bookmarks: unknown, more: object = {}) => {
  const parsed = ChangePdfBookmarks.input.safeParse({ source, bookmarks, ...more });
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('/')}: ${message}`);
};

/** One bookmark with another below it, so many levels deep. */
function nested(levels: number): Bookmark {
  return { title: `${levels}`, page: 1, ...(levels > 1 ? { children: [nested(levels - 1)] } : {}) };
}

test('bookmarks are six levels deep at most', () => {
  expect(faultsOf([nested(6)])).toEqual([]);
  expect(faultsOf([nested(7)])).toEqual([expect.stringMatching(/children.*Unrecognized key: "children"/)]);
});

test('bookmarks of all levels are counted together', () => {
  const many = (count: number) => [{ ...nested(1), children: Array(count).fill({ title: 'x', page: 1 }) }];
  expect(faultsOf(many(1_999))).toEqual([]);
  expect(faultsOf(many(2_000))).toEqual(['bookmarks: at most 2000 bookmarks, on all levels together']);
});

test('a title is one line, and a page counts from 1', () => {
  expect(faultsOf([{ title: 'a\nb', page: 1 }])).toEqual([expect.stringContaining('must have no control characters')]);
  expect(faultsOf([{ title: 'a', page: 0 }])).toEqual([expect.stringMatching(/^bookmarks\/0\/page/)]);
  expect(faultsOf([{ title: '', page: 1 }])).toEqual([expect.stringMatching(/^bookmarks\/0\/title/)]);
});

test('to add, there must be something to add', () => {
  expect(faultsOf([], { add: true })).toEqual(['bookmarks: name what to add']);
  expect(faultsOf(undefined, { add: true })).toEqual(['bookmarks: name what to add']);
});
