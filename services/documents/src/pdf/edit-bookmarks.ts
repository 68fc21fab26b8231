import type { Bookmark, FoundBookmark } from '@tandem/contracts/pdf-bookmarks';
import { Rejected } from '@tandem/messaging/outcome';
import { openEditable, readable, savedBytes } from './editable-pdf.js';
import { readOutline } from './read-outline.js';
import { signatureWarnings } from './signatures.js';
import { writeOutline } from './write-outline.js';

/** Whose bookmarks are read, and what they become. */
export interface BookmarksTask {
  data: Uint8Array;
  password?: string;
  bookmarks?: readonly Bookmark[];
  /** Whether those that are there stay, before these. */
  add?: boolean;
}

/** The bookmarks of a PDF, after the change if there was one; then `data` is the changed file. */
export interface BookmarkedPdf {
  bookmarks: FoundBookmark[];
  pages: number;
  data?: Buffer;
  warnings: string[];
}

/** Reads bookmarks, and sets them. Throws `Rejected` `invalid_input` for a page that is not there. */
export async function editBookmarks({ data, password, bookmarks, add }: BookmarksTask): Promise<BookmarkedPdf> {
  const { pdf, pages, warnings } = await openEditable(data, password);
  return readable(async () => {
    if (!bookmarks) return { ...readOutline(pdf), pages: pages.length };
    checkPages(bookmarks, pages.length, 'bookmarks');
    writeOutline(pdf, bookmarks, { add: add ?? false });
    const now = readOutline(pdf);
    const said = [...warnings, ...signatureWarnings(pdf), ...now.warnings];
    return { bookmarks: now.bookmarks, pages: pages.length, data: await savedBytes(pdf), warnings: said };
  });
}

function checkPages(bookmarks: readonly Bookmark[], count: number, field: string): void {
  for (const [index, { page, title, children = [] }] of bookmarks.entries()) {
    const at = `${field}/${index}`;
    if (page > count) {
      const there = count === 1 ? 'the document has 1 page' : `the document has pages 1 to ${count}`;
      throw new Rejected('invalid_input', `${at}/page: there is no page ${page} for "${title}"; ${there}.`);
    }
    checkPages(children, count, `${at}/children`);
  }
}
