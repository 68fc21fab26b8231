import {
  decodePDFRawStream,
  PDFArray,
  PDFDict,
  type PDFDocument,
  PDFName,
  PDFNumber,
  PDFRawStream,
  type PDFRef,
  PDFStream,
} from '@cantoo/pdf-lib';
import { eachDictionary } from './pdf-objects-walk.js';
import { repacked } from './repacked-stream.js';

const name = PDFName.of;

/** Actions that do nothing but show another place (ISO 19005-2, 6.5.1). */
const ACTIONS = new Set(['GoTo', 'GoToR', 'GoToE', 'Thread', 'URI', 'Named', 'SubmitForm']);
const NAMED = new Set(['NextPage', 'PrevPage', 'FirstPage', 'LastPage']);
/** Annotations that move, sound or run (6.3.1). */
const ANNOTATIONS = new Set(['3D', 'Sound', 'Screen', 'Movie', 'RichMedia']);
const PRINT = 4;
/** Bits of annotations that hide them: Invisible, Hidden, NoView, ToggleNoView. */
const HIDING = 1 | 2 | 32 | 256;

/**
 * Takes out of a document what PDF/A forbids and no reader sees, and puts in what it asks for. Returns what a reader may miss,
 * a sentence for each kind.
 */
export function mendForPdfA(pdf: PDFDocument): string[] {
  const changes = new Set<string>();
  mendCatalog(pdf, changes);
  for (const page of pdf.getPages()) mendAnnotations(page.node, changes);
  eachDictionary(pdf.context, (dict) => {
    mendActions(dict, changes);
    mendGraphics(dict);
    mendFont(dict);
  });
  recode(pdf);
  return [...changes];
}

function mendCatalog({ catalog, context }: PDFDocument, changes: Set<string>): void {
  const names = catalog.lookupMaybe(name('Names'), PDFDict);
  if (names?.has(name('JavaScript'))) {
    names.delete(name('JavaScript'));
    changes.add('Removed scripts.');
  }
  for (const key of ['Requirements', 'NeedsRendering', 'Perms', 'Collection', 'PieceInfo']) catalog.delete(name(key));
  const form = catalog.lookupMaybe(name('AcroForm'), PDFDict);
  form?.delete(name('NeedAppearances'));
  if (form?.has(name('XFA'))) {
    form.delete(name('XFA'));
    changes.add('Removed the XFA form; the fields that readers without XFA see remain.');
  }
  const layers = catalog.lookupMaybe(name('OCProperties'), PDFDict);
  layers?.lookupMaybe(name('D'), PDFDict)?.delete(name('AS'));
  if (!catalog.has(name('MarkInfo')) && catalog.has(name('StructTreeRoot')))
    catalog.set(name('MarkInfo'), context.obj({ Marked: true }));
}

function mendAnnotations(page: PDFDict, changes: Set<string>): void {
  const annotations = page.lookupMaybe(name('Annots'), PDFArray);
  if (!annotations) return;
  for (let index = annotations.size() - 1; index >= 0; index--) {
    const annotation = annotations.lookup(index);
    if (!(annotation instanceof PDFDict)) continue;
    const subtype = annotation.lookupMaybe(name('Subtype'), PDFName)?.decodeText();
    if (subtype && ANNOTATIONS.has(subtype)) {
      annotations.remove(index);
      changes.add(`Removed annotations of the kind ${subtype}.`);
      continue;
    }
    if (subtype === 'Popup') continue;
    const flags = annotation.lookupMaybe(name('F'), PDFNumber)?.asNumber() ?? 0;
    if (flags & HIDING) {
      // Shown, a hidden annotation would change what the document says.
      annotations.remove(index);
      changes.add('Removed hidden annotations.');
    } else annotation.set(name('F'), PDFNumber.of(flags | PRINT));
    const appearance = annotation.lookupMaybe(name('AP'), PDFDict);
    appearance?.delete(name('D'));
    appearance?.delete(name('R'));
    if (subtype === 'Widget') annotation.delete(name('A'));
  }
}

function mendActions(dict: PDFDict, changes: Set<string>): void {
  if (dict.lookup(name('AA')) instanceof PDFDict) {
    dict.delete(name('AA'));
    changes.add('Removed scripts.');
  }
  for (const key of ['A', 'OpenAction', 'Next', 'PA']) {
    const action = dict.lookup(name(key));
    if (!(action instanceof PDFDict)) continue;
    const kind = action.lookup(name('S'));
    if (!(kind instanceof PDFName)) continue;
    const named = action.lookup(name('N'));
    if (ACTIONS.has(kind.decodeText()) && !(named instanceof PDFName && !NAMED.has(named.decodeText()))) continue;
    dict.delete(name(key));
    changes.add(`Removed actions of the kind ${kind.decodeText()}.`);
  }
}

function mendGraphics(dict: PDFDict): void {
  const type = dict.get(name('Type'));
  const subtype = dict.get(name('Subtype'));
  if (subtype === name('Image')) for (const key of ['Interpolate', 'Alternates', 'OPI']) dict.delete(name(key));
  if (subtype === name('Form')) for (const key of ['OPI', 'PS', 'Subtype2', 'Ref']) dict.delete(name(key));
  if (type !== name('ExtGState')) return;
  for (const key of ['TR', 'HTP']) dict.delete(name(key));
  if (dict.get(name('TR2')) !== name('Default')) dict.delete(name('TR2'));
}

function mendFont(dict: PDFDict): void {
  // Both are optional, and wrong more often than right (6.2.11.4.2).
  if (dict.get(name('Type')) === name('FontDescriptor')) {
    dict.delete(name('CIDSet'));
    dict.delete(name('CharSet'));
  }
  if (dict.get(name('Subtype')) === name('CIDFontType2') && !dict.has(name('CIDToGIDMap')))
    dict.set(name('CIDToGIDMap'), name('Identity'));
}

/** Streams packed by LZW are packed anew (6.1.7.2). */
function recode({ context }: PDFDocument): void {
  const packed: [PDFRef, PDFRawStream][] = [];
  for (const [ref, stream] of context.enumerateIndirectObjects())
    if (stream instanceof PDFRawStream && filtersOf(stream).includes('LZWDecode')) packed.push([ref, stream]);
  for (const [ref, stream] of packed)
    context.assign(ref, repacked(context, stream, decodePDFRawStream(stream).decode()));
}

/** Names of the filters of a stream. */
function filtersOf({ dict }: PDFStream): string[] {
  const filter = dict.lookup(name('Filter'));
  const filters = filter instanceof PDFArray ? filter.asArray() : [filter];
  return filters.filter((one) => one instanceof PDFName).map((one) => one.decodeText());
}
