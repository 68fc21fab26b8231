import { PDFArray, PDFDict, PDFName, type PDFObject } from '@cantoo/pdf-lib';

const KIDS = PDFName.of('Kids');

/**
 * The keys and values of a tree of names or of numbers, in its order (ISO 32000-2, 7.9.6 and 7.9.7). Values come as they
 * stand there, by reference most often. What is damaged, or stands in the tree twice, is left out.
 */
export function* treeEntries(
  root: PDFObject | undefined,
  leaves: 'Names' | 'Nums',
): Generator<[key: PDFObject | undefined, value: PDFObject]> {
  const open = [root];
  const seen = new Set<PDFObject>();
  while (open.length > 0) {
    const node = open.pop();
    if (!(node instanceof PDFDict) || seen.has(node)) continue;
    seen.add(node);
    const [kids, leaf] = [node.lookup(KIDS), node.lookup(PDFName.of(leaves))];
    if (kids instanceof PDFArray) for (let at = kids.size() - 1; at >= 0; at--) open.push(kids.lookup(at));
    if (leaf instanceof PDFArray)
      for (let at = 0; at + 1 < leaf.size(); at += 2) yield [leaf.lookup(at), leaf.get(at + 1)];
  }
}
