import type { InputOf } from '@tandem/contracts/command';
import { partName, type SplitPdf } from '@tandem/contracts/pdf-files';
import { Rejected } from '@tandem/messaging/outcome';
import { selectPages } from './page-selection.js';

/** One file that a document is cut into. */
export interface Part {
  name: string;
  title?: string;
  pages: number[];
}

const MOST_FILES = 500;

/** The files that a document of `count` pages becomes. Throws `Rejected` `invalid_input` when they are too many, or none. */
export function planParts(
  { ranges, every, bookmarks }: InputOf<typeof SplitPdf>['into'],
  count: number,
  marks: readonly { title: string; page: number }[],
): Part[] {
  if (ranges)
    return ranges.map(({ name, pages }, index) => ({
      name: name ?? partName(index, ranges.length),
      pages: selectPages(pages, count, `into/ranges/${index}/pages`),
    }));
  const starts = bookmarks ? startsOf(marks) : startsEvery(every!, count);
  if (starts.length <= MOST_FILES) return starts.map((start, index) => partFrom(start, starts, index, count));
  const remedy = bookmarks ? 'Use into.ranges.' : `Set into.every to ${Math.ceil(count / MOST_FILES)} or more.`;
  throw new Rejected('invalid_input', `into: makes ${starts.length} files; ${MOST_FILES} are allowed. ${remedy}`);
}

interface Start {
  page: number;
  title?: string;
}

function startsEvery(every: number, count: number): Start[] {
  return Array.from({ length: Math.ceil(count / every) }, (_, index) => ({ page: 1 + index * every }));
}

/** What comes before the first bookmark is a file of its own; of several on one page, the first names it. */
function startsOf(marks: readonly { title: string; page: number }[]): Start[] {
  if (marks.length === 0)
    throw new Rejected(
      'invalid_input',
      'into/bookmarks: the document has no bookmarks. Use into.ranges or into.every.',
    );
  const byPage = new Map<number, Start>();
  for (const mark of marks) if (!byPage.has(mark.page)) byPage.set(mark.page, mark);
  if (!byPage.has(1)) byPage.set(1, { page: 1 });
  return [...byPage.values()].sort((one, other) => one.page - other.page);
}

function partFrom({ page, title }: Start, starts: readonly Start[], index: number, count: number): Part {
  const last = (starts[index + 1]?.page ?? count + 1) - 1;
  return { name: partName(index, starts.length), title, pages: selectPages(`${page}-${last}`, count, 'into') };
}
