import {
  PDFArray,
  PDFBool,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  type PDFObject,
  PDFString,
} from '@cantoo/pdf-lib';
import { textOf } from './embedded-files.js';
import { fillRows } from './mend-tables.js';
import { PageDestinations } from './page-destinations.js';
import { eachDictionary } from './pdf-objects-walk.js';
import { isStandardRole, type StructureElement } from './structure-tree.js';

const name = PDFName.of;

/** What PDF 2.0 has names for, and Chromium and Typst use, and what readers of PDF 1.7 take it for. */
const NEAREST = new Map([
  ['Strong', 'Span'],
  ['Em', 'Span'],
  ['Sub', 'Span'],
  ['Title', 'P'],
  ['Aside', 'Div'],
  ['FENote', 'Note'],
  ['DocumentFragment', 'Div'],
]);

/** Puts into a tagged document what PDF/UA-1 asks for and its content already says. */
export function mendForPdfUa(pdf: PDFDocument, elements: readonly StructureElement[]): void {
  mendCatalog(pdf);
  mendRoles(pdf, elements);
  for (const element of elements) {
    if (element.role === 'LI') gatherBody(pdf, element);
    if (element.role === 'Table') fillRows(pdf, element);
    if (element.role === 'Figure') mendGroup(element);
  }
  nameNotes(elements);
  mendAnnotations(pdf);
  eachDictionary(pdf.context, (dict) => {
    // Files have a name for each kind of reader (7.11).
    if (dict.get(name('Type')) !== name('Filespec')) return;
    const named = dict.get(name('UF')) ?? dict.get(name('F'));
    for (const key of ['F', 'UF']) if (named && !dict.has(name(key))) dict.set(name(key), named);
  });
}

function mendCatalog({ catalog, context }: PDFDocument): void {
  const mark = catalog.lookup(name('MarkInfo'));
  const marked = mark instanceof PDFDict ? mark : context.obj({});
  marked.set(name('Marked'), PDFBool.True);
  catalog.set(name('MarkInfo'), marked);
  const preferences = catalog.lookup(name('ViewerPreferences'));
  const shown = preferences instanceof PDFDict ? preferences : context.obj({});
  shown.set(name('DisplayDocTitle'), PDFBool.True);
  catalog.set(name('ViewerPreferences'), shown);
  const layers = catalog.lookup(name('OCProperties'));
  if (!(layers instanceof PDFDict)) return;
  const others = layers.lookup(name('Configs'));
  const configurations = [layers.lookup(name('D')), ...(others instanceof PDFArray ? listed(others) : [])];
  for (const [index, configuration] of configurations.entries()) {
    if (!(configuration instanceof PDFDict)) continue;
    configuration.delete(name('AS'));
    if (!textOf(configuration.lookup(name('Name'))))
      configuration.set(name('Name'), PDFString.of(`Layers ${index + 1}`));
  }
}

function mendRoles({ catalog, context }: PDFDocument, elements: readonly StructureElement[]): void {
  const root = catalog.lookup(name('StructTreeRoot')) as PDFDict;
  for (const element of elements) {
    const nearest = element.standard ? undefined : NEAREST.get(element.role);
    if (!nearest) continue;
    const known = root.lookup(name('RoleMap'));
    const roles = known instanceof PDFDict ? known : context.obj({});
    root.set(name('RoleMap'), roles);
    roles.set(name(element.role), name(nearest));
    element.role = nearest;
    element.standard = isStandardRole(nearest);
  }
}

/** Lists in a list item stand in its body, which Chromium leaves out (7.2). */
function gatherBody({ context }: PDFDocument, item: StructureElement): void {
  const strays = item.kids.filter(({ role, ref }) => ref && role !== 'Lbl' && role !== 'LBody');
  if (strays.length === 0 || !item.ref) return;
  const moved = new Set<PDFObject>(strays.map(({ ref }) => ref!));
  const kids = item.dict.lookup(name('K'));
  const list = kids instanceof PDFArray ? kids.asArray() : [item.dict.get(name('K'))!];
  const present = item.kids.find(({ role }) => role === 'LBody');
  const own = present?.dict;
  const body = own ?? context.obj({ Type: 'StructElem', S: 'LBody', P: item.ref });
  const bodyRef = present?.ref ?? context.register(body);
  const inside = own?.lookup(name('K'));
  const before = inside instanceof PDFArray ? inside.asArray() : own?.has(name('K')) ? [own.get(name('K'))!] : [];
  body.set(name('K'), context.obj([...before, ...list.filter((kid) => moved.has(kid))]));
  const rest = list.filter((kid) => !moved.has(kid));
  const at = list.findIndex((kid) => moved.has(kid));
  item.dict.set(name('K'), context.obj(own ? rest : [...rest.slice(0, at), bodyRef, ...rest.slice(at)]));
  for (const { dict } of strays) dict.set(name('P'), bodyRef);
}

/** Each note has a name that no other tag has (7.9). */
function nameNotes(elements: readonly StructureElement[]): void {
  const taken = new Set(elements.map(({ dict }) => textOf(dict.lookup(name('ID')))));
  let notes = 0;
  for (const { dict, role } of elements) {
    if (role !== 'Note' || dict.has(name('ID'))) continue;
    do notes += 1;
    while (taken.has(`note-${notes}`));
    dict.set(name('ID'), PDFString.of(`note-${notes}`));
  }
}

/** `<figure>`: the figure is what is in it. */
function mendGroup(element: StructureElement): void {
  const { dict, kids, holdsContent } = element;
  if (hasAlternative(dict) || holdsContent || kids.length === 0) return;
  dict.set(name('S'), name('Div'));
  element.role = 'Div';
}

/** Whether a picture is described. */
export function hasAlternative(dict: PDFDict): boolean {
  return ['Alt', 'ActualText'].some((key) => Boolean(textOf(dict.lookup(name(key)))?.trim()));
}

/** What is read of links and fields (7.18): where a link leads, the name of a field. */
function mendAnnotations(pdf: PDFDocument): void {
  const destinations = new PageDestinations(pdf);
  for (const { node } of pdf.getPages()) {
    const annotations = node.lookup(name('Annots'));
    if (!(annotations instanceof PDFArray) || annotations.size() === 0) continue;
    node.set(name('Tabs'), name('S'));
    for (const annotation of listed(annotations)) {
      if (!(annotation instanceof PDFDict)) continue;
      const kind = annotation.lookup(name('Subtype'));
      if (kind === name('Link') && !textOf(annotation.lookup(name('Contents'))))
        annotation.set(name('Contents'), PDFHexString.fromText(placeOf(annotation, destinations)));
      const field = annotation.lookup(name('T'));
      if (kind === name('Widget') && !annotation.has(name('TU')) && textOf(field)) annotation.set(name('TU'), field!);
    }
  }
}

function placeOf(link: PDFDict, destinations: PageDestinations): string {
  const action = link.lookup(name('A'));
  const address = action instanceof PDFDict ? textOf(action.lookup(name('URI'))) : undefined;
  if (address) return address.replace(/^(?:mailto|tel):/i, '');
  const page = destinations.leadsTo(link);
  return page === undefined ? 'Link' : `Page ${page}`;
}

function listed(array: PDFArray): (PDFObject | undefined)[] {
  return array.asArray().map((_, index) => array.lookup(index));
}
