import type { PdfObjects, PdfValue } from './pdf-objects.js';

/** Deeper trees are built to harm. */
const DEEPEST = 20;

/** The pairs of a tree of names, in its order (ISO 32000-2, 7.9.6); what is not as it should be is left out. */
export function namesIn(objects: PdfObjects, root: PdfValue | undefined): [string, PdfValue][] {
  const found: [string, PdfValue][] = [];
  // Lists too: of one that many nodes refer to, each of them would read all.
  const seen = new Set<object>();
  const isNew = (value: object) => seen.size < seen.add(value).size;
  const listOf = (value: PdfValue | undefined) => {
    const list = objects.array(value);
    return isNew(list) ? list : [];
  };
  const visit = (node: PdfValue | undefined, depth: number): void => {
    const dictionary = objects.dictionary(node);
    if (depth > DEEPEST || !isNew(dictionary)) return;
    const pairs = listOf(dictionary['/Names']);
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      const name = objects.resolve(pairs[at]);
      if (typeof name === 'string') found.push([name, pairs[at + 1]!]);
    }
    for (const kid of listOf(dictionary['/Kids'])) visit(kid, depth + 1);
  };
  visit(root, 0);
  return found;
}
