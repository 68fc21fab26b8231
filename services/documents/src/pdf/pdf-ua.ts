import { type PDFDocument, PDFHexString, PDFName } from '@cantoo/pdf-lib';
import { Rejected } from '@tandem/messaging/outcome';
import { textOf } from './embedded-files.js';
import { markArtifacts } from './mark-artifacts.js';
import { mendForPdfUa } from './mend-pdf-ua.js';
import { nameFaults, pageList } from './name-faults.js';
import { fontFaults, knownContent, pdfUaFaults, type UaFault } from './pdf-ua-faults.js';
import { parentTree, readStructure } from './structure-tree.js';

const UNTAGGED =
  'The document cannot become PDF/UA: it has no tags, which tell screen readers what is a heading, a list or a table. Export it anew with tags (an accessible or tagged PDF) from the program that made it.';

/** What a reader is told of a document before all else. */
export interface Told {
  title?: string;
  /** Of the request; the document's own otherwise. */
  language?: string;
}

/** What else becomes of the document. */
export interface UaOptions {
  /** PDF/A as well, whose check looks at the fonts. */
  archived?: boolean;
}

/**
 * Makes a tagged document what PDF/UA-1 (ISO 14289-1) asks for, but for its claim in XMP; returns what a reader may miss. Throws
 * `Rejected` `document_failed` for what only its author can mend. Not everything can be told here: whether the order of reading,
 * the texts of pictures and the kinds of tags are right is for people to judge.
 */
export function toPdfUa(pdf: PDFDocument, { title, language }: Told, { archived = false }: UaOptions = {}): string[] {
  const elements = readStructure(pdf);
  if (!elements || elements.length === 0) throw new Rejected('document_failed', UNTAGGED);
  if (language) pdf.catalog.set(PDFName.of('Lang'), PDFHexString.fromText(language));
  mendForPdfUa(pdf, elements);
  const parents = parentTree(pdf);
  const faults = [...told(pdf, title), ...pdfUaFaults(pdf, elements, parents)];
  if (!archived) faults.push(...fontFaults(pdf));
  const { textOn, faults: marked } = markArtifacts(pdf, knownContent(parents));
  for (const [fault, pages] of marked) faults.push(...pages.map((page): UaFault => [fault, page]));
  if (faults.length > 0) refuse(faults);
  if (textOn.length === 0) return [];
  return [`Text outside of the tags counts as decoration, which screen readers pass over (page ${pageList(textOn)}).`];
}

function told({ catalog }: PDFDocument, title: string | undefined): UaFault[] {
  const faults: UaFault[] = [];
  if (!title?.trim()) faults.push(['it has no title: send one as title, or write it into the document']);
  if (!textOf(catalog.lookup(PDFName.of('Lang')))?.trim())
    faults.push(['it does not say its language: send one as language, or write it into the document']);
  return faults;
}

function refuse(faults: readonly UaFault[]): never {
  const pages = new Map<string, Set<number>>();
  for (const [fault, page] of faults) {
    const on = pages.get(fault) ?? new Set();
    if (page !== undefined) on.add(page);
    pages.set(fault, on);
  }
  const named = nameFaults(new Map([...pages].map(([fault, on]) => [fault, [...on]])));
  const detail = `The document cannot become PDF/UA: ${named}. Mend it where it was written, and send it again.`;
  throw new Rejected('document_failed', detail);
}
