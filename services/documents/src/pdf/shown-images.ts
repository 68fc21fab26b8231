import {
  type PDFContext,
  PDFDict,
  PDFName,
  PDFNumber,
  type PDFObject,
  type PDFPageLeaf,
  PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';
import { numbersOf } from './editable-pdf.js';
import { contentOf, contentOfPage, resourcesOf } from './page-content.js';
import { followedBy, type Matrix } from './page-geometry.js';
import { eachDictionary } from './pdf-objects-walk.js';
import { operationsOf } from './pdf-operators.js';

/** How large an image is shown where it is largest, in inches. */
export interface ShownSize {
  width: number;
  height: number;
}

const name = PDFName.of;
/** Forms in forms; deeper ones are built to harm. */
const DEEPEST = 12;
/** Forms that are drawn, all pages together: forms that draw forms may make more than any page needs. */
const MOST_DRAWN = 100_000;

/**
 * The images that pages show, and how large. Only those are told of that nothing but the content of pages and of its forms can
 * show: what a pattern, an annotation or a glyph may show as well is left out, as its size there is not known.
 */
export function shownImages(context: PDFContext, pages: readonly PDFPageLeaf[]): Map<PDFRef, ShownSize> {
  const search = new ImageSearch(context);
  for (const page of pages) search.readPage(page);
  return search.found();
}

class ImageSearch {
  readonly #shown = new Map<PDFRef, ShownSize>();
  /** Whose resources were read with the content that uses them. */
  readonly #read = new Set<PDFDict>();
  readonly #doubtful = new Set<PDFRef>();
  #drawn = 0;

  constructor(private readonly context: PDFContext) {}

  readPage(page: PDFPageLeaf): void {
    const { owner, resources } = resourcesOf(page);
    if (!owner || !resources) return;
    const unit = page.lookup(name('UserUnit'));
    const inches = (unit instanceof PDFNumber && unit.asNumber() > 0 ? unit.asNumber() : 1) / 72;
    this.#readContent(owner, resources, [inches, 0, 0, inches, 0, 0], 0, () => contentOfPage(page));
  }

  found(): Map<PDFRef, ShownSize> {
    if (this.#drawn > MOST_DRAWN) return new Map();
    eachDictionary(this.context, (dict) => {
      const resources = this.#read.has(dict) ? undefined : dict.lookup(name('Resources'));
      if (resources instanceof PDFDict) this.#doubt(resources);
    });
    for (const ref of this.#doubtful) this.#shown.delete(ref);
    return this.#shown;
  }

  #readContent(owner: PDFDict, resources: PDFDict, at: Matrix, depth: number, content: () => string): void {
    try {
      if (depth > DEEPEST || this.#drawn++ > MOST_DRAWN) throw new RangeError('It nests too deeply.');
      this.#draw(content(), resources, at, depth);
      this.#read.add(owner);
    } catch {
      // It is not as it should be: viewers may see in it what we do not.
      this.#doubt(resources);
    }
  }

  #draw(content: string, resources: PDFDict, at: Matrix, depth: number): void {
    const objects = resources.lookup(name('XObject'));
    const kept: Matrix[] = [];
    let matrix = at;
    for (const { operator, operands } of operationsOf(content)) {
      if (operator === 'q') kept.push(matrix);
      else if (operator === 'Q') matrix = kept.pop() ?? matrix;
      else if (operator === 'cm') matrix = followedBy(matrixOf(operands.slice(-6).map(Number)), matrix);
      else if (operator === 'Do' && objects instanceof PDFDict) {
        const key = operands.at(-1)?.slice(1);
        if (key) this.#drawObject(objects.get(name(key)), resources, matrix, depth);
      }
    }
  }

  #drawObject(object: PDFObject | undefined, outer: PDFDict, matrix: Matrix, depth: number): void {
    const stream = this.context.lookup(object);
    if (!(stream instanceof PDFStream)) return;
    if (stream.dict.lookup(name('Subtype')) === name('Image')) {
      if (object instanceof PDFRef) this.#show(object, matrix);
      return;
    }
    const own = stream.dict.lookup(name('Resources'));
    const form = numbersOf(stream.dict.lookup(name('Matrix')));
    const inside = form ? followedBy(matrixOf(form), matrix) : matrix;
    this.#readContent(stream.dict, own instanceof PDFDict ? own : outer, inside, depth + 1, () => contentOf(stream));
  }

  /** An image fills the unit square (ISO 32000-2, 8.9.5.1). */
  #show(ref: PDFRef, [a, b, c, d]: Matrix): void {
    const before = this.#shown.get(ref) ?? { width: 0, height: 0 };
    const width = Math.max(before.width, Math.hypot(a, b));
    this.#shown.set(ref, { width, height: Math.max(before.height, Math.hypot(c, d)) });
  }

  #doubt(resources: PDFDict): void {
    const objects = resources.lookup(name('XObject'));
    for (const object of objects instanceof PDFDict ? objects.values() : [])
      if (object instanceof PDFRef) this.#doubtful.add(object);
  }
}

function matrixOf(numbers: readonly number[]): Matrix {
  if (numbers.length !== 6 || !numbers.every(Number.isFinite)) throw new TypeError('This is no matrix.');
  return numbers as unknown as Matrix;
}
