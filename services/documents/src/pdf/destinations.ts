import { namesIn } from './name-tree.js';
import { isDictionary, type PdfDump, PdfObjects, type PdfValue } from './pdf-objects.js';

/** A place in a document: a page, from 1, and how it is shown (`/Fit`, `/XYZ` with its numbers ...). */
export interface Place {
  page: number;
  view: PdfValue[];
}

const FIT: PdfValue[] = ['/Fit'];

/** Finds where links and bookmarks of a document lead. */
export class Destinations {
  readonly #objects: PdfObjects;
  readonly #pages: Map<string, number>;
  #named?: Map<string, PdfValue>;

  constructor(dump: PdfDump) {
    this.#objects = new PdfObjects(dump);
    this.#pages = new Map(dump.pages.map(({ object }, index) => [object, index + 1]));
  }

  /** The place that a destination means, named or not; undefined when it is in none of the pages. */
  place(destination: PdfValue | undefined): Place | undefined {
    let found = this.#objects.resolve(destination);
    if (typeof found === 'string') {
      this.#named ??= this.#names();
      found = this.#objects.resolve(this.#named.get(found));
    }
    if (isDictionary(found)) found = this.#objects.resolve(found['/D']);
    if (!Array.isArray(found)) return undefined;
    const [target, ...view] = found;
    const page = typeof target === 'string' ? this.#pages.get(target) : undefined;
    return page === undefined ? undefined : { page, view: viewOf(view) };
  }

  #names(): Map<string, PdfValue> {
    const { catalog } = this.#objects;
    const named = new Map(Object.entries(this.#objects.dictionary(catalog['/Dests'])));
    const { '/Dests': root } = this.#objects.dictionary(catalog['/Names']);
    for (const [name, destination] of namesIn(this.#objects, root)) named.set(name, destination);
    return named;
  }
}

function viewOf(view: PdfValue[]): PdfValue[] {
  const plain = view.every((part) => part === null || typeof part === 'number' || /^\/\w+$/.test(String(part)));
  return plain && view.length > 0 ? view : FIT;
}
