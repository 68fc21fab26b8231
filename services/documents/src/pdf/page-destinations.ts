import {
  PDFArray,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  type PDFObject,
  PDFRef,
  PDFString,
} from '@cantoo/pdf-lib';
import { treeEntries } from './tree-entries.js';

const name = PDFName.of;

/** Finds the pages that links and bookmarks of an opened document lead to. */
export class PageDestinations {
  readonly #pages: Map<PDFRef, number>;
  #named?: Map<string, PDFObject>;

  constructor(private readonly pdf: PDFDocument) {
    this.#pages = new Map(pdf.getPages().map(({ ref }, index) => [ref, index + 1]));
  }

  /** The page, from 1, that a link or a bookmark leads to; undefined when it is none of the document. */
  leadsTo(item: PDFDict): number | undefined {
    const action = item.lookup(name('A'));
    // Other actions lead into other files, whose names of places mean nothing here.
    const shown = action instanceof PDFDict && action.lookup(name('S')) === name('GoTo');
    return this.#pageOf(item.get(name('Dest')) ?? (shown ? action.get(name('D')) : undefined));
  }

  #pageOf(destination: PDFObject | undefined): number | undefined {
    let found = this.#resolve(destination);
    const key = keyOf(found);
    if (key !== undefined) {
      this.#named ??= this.#names();
      found = this.#resolve(this.#named.get(key));
    }
    if (found instanceof PDFDict) found = found.lookup(name('D'));
    const target = found instanceof PDFArray && found.size() > 0 ? found.get(0) : undefined;
    return target instanceof PDFRef ? this.#pages.get(target) : undefined;
  }

  #resolve(object: PDFObject | undefined): PDFObject | undefined {
    return object instanceof PDFRef ? this.pdf.context.lookup(object) : object;
  }

  #names(): Map<string, PDFObject> {
    const named = new Map<string, PDFObject>();
    const { catalog } = this.pdf;
    const old = catalog.lookup(name('Dests'));
    for (const [key, value] of old instanceof PDFDict ? old.entries() : []) named.set(keyOf(key)!, value);
    const names = catalog.lookup(name('Names'));
    const tree = names instanceof PDFDict ? names.lookup(name('Dests')) : undefined;
    for (const [key, value] of treeEntries(tree, 'Names')) {
      const known = keyOf(key);
      if (known !== undefined) named.set(known, value);
    }
    return named;
  }
}

/** Names of destinations are bytes, however they are written. */
function keyOf(object: PDFObject | undefined): string | undefined {
  if (object instanceof PDFName) return object.decodeText();
  if (!(object instanceof PDFString || object instanceof PDFHexString)) return undefined;
  return Buffer.from(object.asBytes()).toString('latin1');
}
