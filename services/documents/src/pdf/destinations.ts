import { isDictionary, type PdfDump, PdfObjects, type PdfValue } from './pdf-objects.js';

/** A place in a document: a page, from 1, and how it is shown (`/Fit`, `/XYZ` with its numbers ...). */
export interface Place {
  page: number;
  view: PdfValue[];
}

const FIT: PdfValue[] = ['/Fit'];
/** Deeper trees of names are built to harm. */
const DEEPEST = 20;

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
    const seen = new Set<PdfValue>();
    const visit = (node: PdfValue | undefined, depth: number): void => {
      if (node === undefined || depth > DEEPEST || (typeof node === 'string' && seen.has(node))) return;
      seen.add(node);
      const { '/Names': names, '/Kids': kids } = this.#objects.dictionary(node);
      const pairs = this.#objects.array(names);
      for (let at = 0; at + 1 < pairs.length; at += 2) {
        const name = this.#objects.resolve(pairs[at]);
        if (typeof name === 'string') named.set(name, pairs[at + 1]!);
      }
      for (const kid of this.#objects.array(kids)) visit(kid, depth + 1);
    };
    visit(this.#objects.dictionary(catalog['/Names'])['/Dests'], 0);
    return named;
  }
}

function viewOf(view: PdfValue[]): PdfValue[] {
  const plain = view.every((part) => part === null || typeof part === 'number' || /^\/\w+$/.test(String(part)));
  return plain && view.length > 0 ? view : FIT;
}
