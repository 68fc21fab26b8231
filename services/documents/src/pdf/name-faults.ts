const MOST_NAMED = 5;
const MOST_PAGES = 3;

/** Faults in one sentence, each with the pages where it is; a fault of the whole document has none. Of many the first are named. */
export function nameFaults(faults: ReadonlyMap<string, readonly number[]>): string {
  const all = [...faults].map(([fault, pages]) => (pages.length > 0 ? `${fault} (page ${pageList(pages)})` : fault));
  const more = all.length > MOST_NAMED ? `; and ${all.length - MOST_NAMED} more` : '';
  return `${all.slice(0, MOST_NAMED).join('; ')}${more}`;
}

/** Such as `2, 5, 7 and 12 more`. */
export function pageList(pages: readonly number[]): string {
  const first = pages.slice(0, MOST_PAGES).join(', ');
  return pages.length > MOST_PAGES ? `${first} and ${pages.length - MOST_PAGES} more` : first;
}
