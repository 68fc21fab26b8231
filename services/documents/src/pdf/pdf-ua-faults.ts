import { PDFArray, PDFBool, PDFDict, type PDFDocument, PDFName, type PDFObject } from '@cantoo/pdf-lib';
import { textOf } from './embedded-files.js';
import { hasAlternative } from './mend-pdf-ua.js';
import { contentFaults, isFontFault } from './page-content-faults.js';
import { numberIn } from './pdf-objects-walk.js';
import { isStandardRole, type StructureElement } from './structure-tree.js';

const name = PDFName.of;

/** Annotations that are no content: not shown, or shown by others. */
const PASSED_OVER = new Set(['Popup', 'PrinterMark']);
const HIDDEN = 2;
const LONGEST_NAME = 60;
/** Which tag an annotation stands in. */
const TAG_OF = new Map([
  ['Link', 'Link'],
  ['Widget', 'Form'],
]);

/** A fault, and the page where it is, where it is on one. */
export type UaFault = [fault: string, page?: number];

/** What keeps a tagged document from being PDF/UA and only its author can mend, but for its fonts. */
export function pdfUaFaults(
  pdf: PDFDocument,
  elements: readonly StructureElement[],
  parents: ReadonlyMap<number, PDFObject | undefined>,
): UaFault[] {
  const roles = new Map<PDFObject, string>(elements.map(({ dict, role }) => [dict, role]));
  return [
    ...catalogFaults(pdf),
    ...headingFaults(elements),
    ...elements.flatMap(elementFaults),
    ...eachPage(pdf, (page) => annotationFaults(page, parents, roles)),
  ];
}

/** The fonts that are not embedded. */
export function fontFaults(pdf: PDFDocument): UaFault[] {
  return eachPage(pdf, (page) => [...contentFaults(page, pdf.context)].filter(isFontFault));
}

function eachPage(pdf: PDFDocument, faults: (page: PDFDict) => string[]): UaFault[] {
  return pdf.getPages().flatMap(({ node }, index) => faults(node).map((fault): UaFault => [fault, index + 1]));
}

function catalogFaults({ catalog }: PDFDocument): UaFault[] {
  const faults: UaFault[] = [];
  const mark = catalog.lookup(name('MarkInfo'));
  if (mark instanceof PDFDict && mark.lookup(name('Suspects')) === PDFBool.True)
    faults.push(['the program that made it says that its tags may be wrong (Suspects)']);
  const root = catalog.lookup(name('StructTreeRoot'));
  const roles = root instanceof PDFDict ? root.lookup(name('RoleMap')) : undefined;
  for (const key of roles instanceof PDFDict ? roles.keys() : [])
    if (isStandardRole(key.decodeText())) faults.push([`its tags give ${key.decodeText()} another meaning`]);
  const form = catalog.lookup(name('AcroForm'));
  if (form instanceof PDFDict && form.has(name('XFA'))) faults.push(['it has an XFA form']);
  return faults;
}

function headingFaults(elements: readonly StructureElement[]): UaFault[] {
  const faults: UaFault[] = [];
  let before = 0;
  for (const { role, page } of elements) {
    const level = Number(/^H([1-6])$/.exec(role)?.[1] ?? 0);
    if (level === 0) continue;
    const expected = before + 1;
    if (level > expected)
      faults.push([
        before === 0
          ? `its first heading is an H${level}, not an H1`
          : `an H${level} follows an H${before}, with no H${expected} between`,
        page,
      ]);
    before = level;
  }
  return faults;
}

function elementFaults({ role, standard, dict, page }: StructureElement): UaFault[] {
  if (!standard) return [[`nothing says what its tag ${role.slice(0, LONGEST_NAME)} stands for`, page]];
  if ((role === 'Figure' || role === 'Formula') && !hasAlternative(dict))
    return [[`a ${role === 'Figure' ? 'picture' : 'formula'} has no alternative text`, page]];
  return [];
}

function annotationFaults(
  page: PDFDict,
  parents: ReadonlyMap<number, PDFObject | undefined>,
  roles: ReadonlyMap<PDFObject, string>,
): string[] {
  const annotations = page.lookup(name('Annots'));
  if (!(annotations instanceof PDFArray)) return [];
  return annotations.asArray().flatMap((_, index) => {
    const annotation = annotations.lookup(index);
    const subtype = annotation instanceof PDFDict ? annotation.lookup(name('Subtype')) : undefined;
    if (!(annotation instanceof PDFDict) || !(subtype instanceof PDFName)) return [];
    const kind = subtype.decodeText();
    if (PASSED_OVER.has(kind) || ((numberIn(annotation, 'F') ?? 0) & HIDDEN) !== 0) return [];
    if (kind === 'TrapNet') return ['it has traps for printing'];
    const number = numberIn(annotation, 'StructParent');
    const element = number === undefined ? undefined : parents.get(number);
    const role = element instanceof PDFDict ? roles.get(element) : undefined;
    const wanted = TAG_OF.get(kind) ?? 'Annot';
    if (role === undefined || (TAG_OF.has(kind) && role !== wanted))
      return [`an annotation of the kind ${kind} stands in no tag ${wanted}`];
    if (!TAG_OF.has(kind) && !textOf(annotation.lookup(name('Contents'))) && !hasAlternative(element as PDFDict))
      return [`an annotation of the kind ${kind} has no text`];
    return [];
  });
}

/** Whether the structure knows marked content of a page or a form by its number. */
export function knownContent(parents: ReadonlyMap<number, PDFObject | undefined>) {
  return (holder: PDFDict, mcid: number): boolean => {
    const list = parents.get(numberIn(holder, 'StructParents') ?? -1);
    return list instanceof PDFArray && mcid < list.size() && list.lookup(mcid) instanceof PDFDict;
  };
}
