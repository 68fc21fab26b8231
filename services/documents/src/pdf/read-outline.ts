import { PDFDict, type PDFDocument, PDFName, PDFNumber, type PDFObject } from '@cantoo/pdf-lib';
import { BOOKMARK_LEVELS, type FoundBookmark } from '@tandem/contracts/pdf-bookmarks';
import { MOST_INLINE_TEXT } from '@tandem/contracts/pdf-pages';
import { textOf } from './embedded-files.js';
import { PageDestinations } from './page-destinations.js';

const name = PDFName.of;
const LONGEST_TITLE = 500;
/** What a bookmark takes in a result beside its title. */
const BESIDE = 50;
/** Deeper outlines are built to harm. */
const DEEPEST = 100;

/** The bookmarks of a document, as many as a result holds. */
export function readOutline(pdf: PDFDocument): { bookmarks: FoundBookmark[]; warnings: string[] } {
  const reader = new OutlineReader(new PageDestinations(pdf));
  const root = pdf.catalog.lookup(name('Outlines'));
  const bookmarks = root instanceof PDFDict ? reader.below(root, 1) : [];
  return { bookmarks, warnings: [...reader.warnings] };
}

class OutlineReader {
  readonly warnings = new Set<string>();
  readonly #seen = new Set<PDFObject>();
  #room = MOST_INLINE_TEXT;

  constructor(private readonly destinations: PageDestinations) {}

  below(parent: PDFDict, level: number): FoundBookmark[] {
    const found: FoundBookmark[] = [];
    if (level > DEEPEST) return found;
    for (let item = parent.lookup(name('First')); item instanceof PDFDict; item = item.lookup(name('Next'))) {
      // Lists that lead back into themselves never end.
      if (this.#seen.size === this.#seen.add(item).size) break;
      const bookmark = this.#bookmark(item);
      this.#room -= Buffer.byteLength(bookmark.title) + BESIDE;
      if (this.#room < 0) {
        this.warnings.add('The document has more bookmarks than an answer holds; these are the first.');
        break;
      }
      found.push(bookmark);
      const kids = this.below(item, level + 1);
      if (kids.length === 0) continue;
      if (level >= BOOKMARK_LEVELS) {
        this.warnings.add(`Bookmarks deeper than ${BOOKMARK_LEVELS} levels are told as those of the last.`);
        found.push(...kids);
      } else {
        bookmark.children = kids;
        const count = item.lookup(name('Count'));
        if (count instanceof PDFNumber && count.asNumber() < 0) bookmark.open = false;
      }
    }
    return found;
  }

  #bookmark(item: PDFDict): FoundBookmark {
    const text = textOf(item.lookup(name('Title'))) ?? '';
    const title = text.slice(0, LONGEST_TITLE).replace(/[\p{Cc}\p{Cs}]+/gu, ' ');
    const page = this.destinations.leadsTo(item);
    return page === undefined ? { title } : { title, page };
  }
}
