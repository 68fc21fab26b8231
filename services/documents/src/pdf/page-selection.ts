import { Rejected } from '@tandem/messaging/outcome';

/** Most pages of a document, read or made. */
export const MOST_PAGES = 20_000;

/**
 * The pages that ranges such as `1-5, 8, 11-` name, in their order; `5-1` counts down. `field` is where the request has them. Throws
 * `Rejected` `invalid_input` for a page that is not there.
 */
export function selectPages(ranges: string | undefined, count: number, field: string): number[] {
  if (ranges === undefined) return pagesBetween(1, count);
  const pages = ranges.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-').map((page) => page.trim());
    const from = first === '' ? 1 : Number(first);
    const to = last === '' ? count : Number(last);
    const beyond = [from, to].find((page) => page < 1 || page > count);
    if (beyond !== undefined) {
      const there = count === 1 ? 'the document has 1 page' : `the document has pages 1 to ${count}`;
      throw new Rejected('invalid_input', `${field}: there is no page ${beyond}; ${there}.`);
    }
    return pagesBetween(from, to);
  });
  if (pages.length > MOST_PAGES)
    throw new Rejected('invalid_input', `${field}: names ${pages.length} pages; a document may have ${MOST_PAGES}.`);
  return pages;
}

/** Pages as qpdf takes them: `1-5,8`. */
export function qpdfRange(pages: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const page of pages) {
    const run = runs.at(-1);
    if (run && run[1] + 1 === page) run[1] = page;
    else runs.push([page, page]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
}

function pagesBetween(from: number, to: number): number[] {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + step * index);
}
