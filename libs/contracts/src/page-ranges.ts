/**
 * The pages that ranges such as `1-3, 8` name, in their order; undefined when one has no end (`8-`), so that only the document
 * tells, or when they are more than `most`.
 */
export function closedPages(ranges: string, most = 1_000): number[] | undefined {
  const pages: number[] = [];
  for (const range of ranges.split(',')) {
    const [first = '', last = first] = range.split('-').map((page) => page.trim());
    if (last === '') return undefined;
    const from = first === '' ? 1 : Number(first);
    const to = Number(last);
    if (pages.length + Math.abs(to - from) >= most) return undefined;
    const step = from <= to ? 1 : -1;
    for (let page = from; page !== to + step; page += step) pages.push(page);
  }
  return pages;
}
