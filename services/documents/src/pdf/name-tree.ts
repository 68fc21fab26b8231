import type { PdfObjects, PdfValue } from './pdf-objects.js';

/** Deeper trees are built to harm. */
const DEEPEST = 20;

/** The pairs of a tree of names, in its order (ISO 32000-2, 7.9.6); what is not as it should be is left out. */
export function namesIn(objects: PdfObjects, root: PdfValue | undefined): [string, PdfValue][] {
  const found: [string, PdfValue][] = [];
  const seen = new Set<PdfValue>();
  const visit = (node: PdfValue | undefined, depth: number): void => {
    if (node === undefined || depth > DEEPEST || (typeof node === 'string' && seen.has(node))) return;
    seen.add(node);
    const { '/Names': names, '/Kids': kids } = objects.dictionary(node);
    const pairs = objects.array(names);
    for (let at = 0; at + 1 < pairs.length; at += 2) {
      const name = objects.resolve(pairs[at]);
      if (typeof name === 'string') found.push([name, pairs[at + 1]!]);
    }
    for (const kid of objects.array(kids)) visit(kid, depth + 1);
  };
  visit(root, 0);
  return found;
}
