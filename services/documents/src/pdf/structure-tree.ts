import { PDFArray, PDFDict, type PDFDocument, PDFName, PDFNumber, type PDFObject, PDFRef } from '@cantoo/pdf-lib';
import { unreadable } from './pdf-errors.js';
import { treeEntries } from './tree-entries.js';

const name = PDFName.of;
/** Deeper trees, and more roles of roles, are built to harm; pages of ten thousand nested boxes are not printed. */
const DEEPEST = 2_000;
const MOST_ROLES = 10;

/** Types that every reader knows (ISO 32000-1, 14.8.4). */
const STANDARD = new Set(
  `Document Part Art Sect Div BlockQuote Caption TOC TOCI Index NonStruct Private P H H1 H2 H3 H4 H5 H6 L LI Lbl LBody
  Table TR TH TD THead TBody TFoot Span Quote Note Reference BibEntry Code Link Annot Ruby RB RT RP Warichu WT WP Figure
  Formula Form`.split(/\s+/),
);

/** An element of the structure that screen readers follow. */
export interface StructureElement {
  dict: PDFDict;
  ref: PDFRef | undefined;
  /** The standard type that it has or stands for; its own, where that stands for none. */
  role: string;
  standard: boolean;
  parent: StructureElement | undefined;
  kids: StructureElement[];
  /** Whether it has content of its own, beside that of its kids. */
  holdsContent: boolean;
  /** Of the first page that it or what is above it names; from 1. */
  page: number | undefined;
}

/** The elements of a document in the order in which they are read; undefined when it has none. */
export function readStructure(pdf: PDFDocument): StructureElement[] | undefined {
  const root = pdf.catalog.lookup(name('StructTreeRoot'));
  if (!(root instanceof PDFDict) || !root.has(name('K'))) return undefined;
  const roles = root.lookup(name('RoleMap'));
  const pages = new Map(pdf.getPages().map(({ ref }, index) => [ref, index + 1]));
  const elements: StructureElement[] = [];
  const seen = new Set<PDFObject>();
  const visit = (value: PDFObject | undefined, parent: StructureElement | undefined, depth: number): void => {
    if (depth > DEEPEST) throw unreadable('Its tags are nested too deep.');
    const found = value instanceof PDFRef ? pdf.context.lookup(value) : value;
    if (found instanceof PDFNumber && parent) parent.holdsContent = true;
    if (!(found instanceof PDFArray || found instanceof PDFDict) || seen.has(found)) return;
    seen.add(found);
    if (found instanceof PDFArray) {
      for (const kid of found.asArray()) visit(kid, parent, depth + 1);
      return;
    }
    const type = found.lookup(name('S'));
    if (!(type instanceof PDFName)) {
      if (parent) parent.holdsContent = true;
      return;
    }
    const role = standardRole(type.decodeText(), roles instanceof PDFDict ? roles : undefined);
    const on = found.get(name('Pg'));
    const element: StructureElement = {
      dict: found,
      ref: value instanceof PDFRef ? value : undefined,
      role,
      standard: STANDARD.has(role),
      parent,
      kids: [],
      holdsContent: false,
      page: (on instanceof PDFRef ? pages.get(on) : undefined) ?? parent?.page,
    };
    elements.push(element);
    parent?.kids.push(element);
    visit(found.get(name('K')), element, depth + 1);
  };
  visit(root.get(name('K')), undefined, 0);
  return elements;
}

function standardRole(type: string, roles: PDFDict | undefined): string {
  let role = type;
  for (let step = 0; step < MOST_ROLES && !STANDARD.has(role); step++) {
    const next = roles?.lookup(name(role));
    if (!(next instanceof PDFName)) return role;
    role = next.decodeText();
  }
  return role;
}

/** Whether readers know a type without a map of roles. */
export function isStandardRole(type: string): boolean {
  return STANDARD.has(type);
}

/** From the numbers that pages, forms and annotations have to what their tags are. */
export function parentTree(pdf: PDFDocument): Map<number, PDFObject | undefined> {
  const found = new Map<number, PDFObject | undefined>();
  const root = pdf.catalog.lookup(name('StructTreeRoot'));
  const tree = root instanceof PDFDict ? root.lookup(name('ParentTree')) : undefined;
  for (const [number, value] of treeEntries(tree, 'Nums'))
    if (number instanceof PDFNumber) found.set(number.asNumber(), pdf.context.lookup(value));
  return found;
}
