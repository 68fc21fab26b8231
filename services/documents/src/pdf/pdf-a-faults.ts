import { PDFArray, PDFDict, type PDFDocument, PDFName, PDFStream } from '@cantoo/pdf-lib';
import { Rejected } from '@tandem/messaging/outcome';
import { nameFaults } from './name-faults.js';
import { type ContentFault, contentFaults } from './page-content-faults.js';
import { eachDictionary } from './pdf-objects-walk.js';

const name = PDFName.of;

/** Annotations that need no appearance of their own (ISO 19005-2, 6.3.3). */
const PLAIN = ['Popup', 'Link'];

/**
 * Throws `Rejected` `document_failed` for what keeps a document from being PDF/A and cannot be mended without changing what
 * it shows. Not everything can be told here: broken font files and wrong glyph widths go unnoticed.
 */
export function checkPdfA(pdf: PDFDocument): void {
  const faults = new Map([...fileFaults(pdf), ...pageFaults(pdf)]);
  if (faults.size === 0) return;
  throw new Rejected(
    'document_failed',
    `The document cannot become PDF/A: ${nameFaults(faults)}. Export it anew with fonts embedded, or as PDF/A, from the program that made it.`,
  );
}

function fileFaults({ catalog, context }: PDFDocument): Map<string, number[]> {
  const faults = new Set<string>();
  if (catalog.lookupMaybe(name('Names'), PDFDict)?.has(name('EmbeddedFiles')))
    faults.add('it has attachments, which PDF/A-2b does not allow');
  eachDictionary(context, (dict, stream) => {
    if (dict.get(name('FT')) === name('Sig') && dict.has(name('V')))
      faults.add('it is signed, and a changed file would break the signature');
    if (stream && (dict.has(name('F')) || dict.has(name('FFilter')))) faults.add('it takes content from other files');
    if (dict.get(name('Subtype')) === name('PS') && stream) faults.add('it holds PostScript');
    if (dict.get(name('Subtype')) === name('FileAttachment'))
      faults.add('it has attachments, which PDF/A-2b does not allow');
  });
  return new Map([...faults].map((fault) => [fault, []]));
}

function pageFaults(pdf: PDFDocument): Map<string, number[]> {
  const pages = new Map<string, number[]>();
  for (const [index, page] of pdf.getPages().entries()) {
    const faults: ContentFault[] = [...contentFaults(page.node, pdf.context), ...annotationFaults(page.node)];
    for (const fault of new Set(faults)) pages.set(fault, [...(pages.get(fault) ?? []), index + 1]);
  }
  return pages;
}

function annotationFaults(page: PDFDict): string[] {
  const annotations = page.lookupMaybe(name('Annots'), PDFArray)?.asArray() ?? [];
  return annotations.flatMap((entry) => {
    const annotation = page.context.lookup(entry);
    if (!(annotation instanceof PDFDict)) return [];
    const subtype = annotation.lookupMaybe(name('Subtype'), PDFName)?.decodeText() ?? 'unknown';
    if (PLAIN.includes(subtype) || hasNoSize(annotation)) return [];
    const normal = annotation.lookupMaybe(name('AP'), PDFDict)?.lookup(name('N'));
    if (normal instanceof PDFStream || normal instanceof PDFDict) return [];
    return [`an annotation of the kind ${subtype} has no appearance`];
  });
}

function hasNoSize(annotation: PDFDict): boolean {
  const rectangle = annotation.lookupMaybe(name('Rect'), PDFArray);
  const [left, bottom, right, top] = rectangle?.asArray().map(String) ?? [];
  return rectangle !== undefined && left === right && bottom === top;
}
