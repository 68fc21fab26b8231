import { PDFDict, type PDFDocument, PDFHexString, PDFName, PDFNumber, PDFRef } from '@cantoo/pdf-lib';
import type { Bookmark } from '@tandem/contracts/pdf-bookmarks';

const name = PDFName.of;

/** Items of one level, and how many are shown with those below that are open (ISO 32000-2, 12.3.3). */
interface Level {
  first: PDFRef;
  last: PDFRef;
  shown: number;
}

/** Gives a document these bookmarks, in place of its own or after them. Their pages must be there. */
export function writeOutline(pdf: PDFDocument, bookmarks: readonly Bookmark[], { add }: { add: boolean }): void {
  const { catalog, context } = pdf;
  const present = add ? lastOf(pdf) : undefined;
  if (bookmarks.length === 0) return void catalog.delete(name('Outlines'));
  const rootRef = present?.rootRef ?? context.nextRef();
  const { first, last, shown } = addLevel(pdf, bookmarks, rootRef);
  if (!present) {
    context.assign(rootRef, context.obj({ Type: 'Outlines', First: first, Last: last, Count: shown }));
    catalog.set(name('Outlines'), rootRef);
    return;
  }
  const { root, lastRef, last: before } = present;
  before.set(name('Next'), first);
  context.lookup(first, PDFDict).set(name('Prev'), lastRef);
  root.set(name('Last'), last);
  const count = root.lookup(name('Count'));
  root.set(name('Count'), PDFNumber.of(shown + (count instanceof PDFNumber ? Math.max(count.asNumber(), 0) : 0)));
}

function addLevel(pdf: PDFDocument, bookmarks: readonly Bookmark[], parent: PDFRef): Level {
  const { context } = pdf;
  const refs = bookmarks.map(() => context.nextRef());
  let shown = bookmarks.length;
  for (const [index, { title, page, open = true, children = [] }] of bookmarks.entries()) {
    const item = context.obj({
      Title: PDFHexString.fromText(title),
      Parent: parent,
      Dest: [pdf.getPage(page - 1).ref, name('Fit')],
    });
    if (index > 0) item.set(name('Prev'), refs[index - 1]!);
    if (index + 1 < refs.length) item.set(name('Next'), refs[index + 1]!);
    if (children.length > 0) {
      const below = addLevel(pdf, children, refs[index]!);
      item.set(name('First'), below.first);
      item.set(name('Last'), below.last);
      item.set(name('Count'), PDFNumber.of(open ? below.shown : -below.shown));
      if (open) shown += below.shown;
    }
    context.assign(refs[index]!, item);
  }
  return { first: refs[0]!, last: refs.at(-1)!, shown };
}

/** The end of the bookmarks that are there, found from their beginning: what says where it is may be wrong. */
function lastOf({ catalog, context }: PDFDocument) {
  const rootRef = refAt(catalog, 'Outlines');
  const root = context.lookup(rootRef);
  if (!rootRef || !(root instanceof PDFDict)) return undefined;
  const seen = new Set<PDFRef>();
  let found: { lastRef: PDFRef; last: PDFDict } | undefined;
  for (let lastRef = refAt(root, 'First'); lastRef && !seen.has(lastRef); ) {
    seen.add(lastRef);
    const last = context.lookup(lastRef);
    if (!(last instanceof PDFDict)) break;
    found = { lastRef, last };
    lastRef = refAt(last, 'Next');
  }
  return found && { rootRef, root, ...found };
}

/** Where a dictionary stands; one inside of another gets a place of its own, so that others can refer to it. */
function refAt(holder: PDFDict, key: string): PDFRef | undefined {
  const value = holder.get(name(key));
  if (!(value instanceof PDFDict)) return value instanceof PDFRef ? value : undefined;
  const ref = holder.context.register(value);
  holder.set(name(key), ref);
  return ref;
}
