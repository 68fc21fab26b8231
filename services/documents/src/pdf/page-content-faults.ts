import { PDFArray, type PDFContext, PDFDict, PDFName, type PDFObject, PDFStream } from '@cantoo/pdf-lib';
import { contentOf, contentOfPage, resourcesOf } from './page-content.js';
import { operationsOf } from './pdf-operators.js';

const name = PDFName.of;
const FONT_FILES = ['FontFile', 'FontFile2', 'FontFile3'];
const CMYK = 'its colours are CMYK, with no profile that says which';
/** Rendering mode of text that is there to be found, not seen, as under a scanned page; its font may be missing (6.2.11.4.1). */
const INVISIBLE = '3';

const NOT_EMBEDDED = 'is not embedded';

/** What a page draws and PDF/A does not allow. */
export type ContentFault = string;

/** Whether it is a font that is not embedded, which PDF/UA does not allow either. */
export function isFontFault(fault: ContentFault): boolean {
  return fault.endsWith(NOT_EMBEDDED);
}

/** What the content of a page uses that cannot be in PDF/A: fonts that are not embedded, colours of no known printer. */
export function contentFaults(page: PDFDict, context: PDFContext): Set<ContentFault> {
  const faults = new Set<ContentFault>();
  const seen = new Set<PDFObject>();
  readContent(contentOfPage(page), resourcesOf(page).resources, faults, seen);
  for (const entry of page.lookupMaybe(name('Annots'), PDFArray)?.asArray() ?? []) {
    const annotation = context.lookup(entry);
    const normal = annotation instanceof PDFDict && annotation.lookupMaybe(name('AP'), PDFDict)?.lookup(name('N'));
    const states = normal instanceof PDFStream ? [normal] : normal instanceof PDFDict ? normal.values() : [];
    for (const state of states) readForm(context.lookup(state), undefined, faults, seen);
  }
  return faults;
}

function readContent(text: string, resources: PDFDict | undefined, faults: Set<string>, seen: Set<PDFObject>): void {
  const resource = (kind: string, operand: string | undefined): PDFObject | undefined => {
    const found = operand && resources?.lookup(name(kind));
    return found instanceof PDFDict ? found.lookup(name(operand!.slice(1))) : undefined;
  };
  let font: PDFObject | undefined;
  let mode = '0';
  for (const { operator, operands } of operationsOf(text)) {
    const last = operands.at(-1);
    if (operator === 'Tf') font = resource('Font', operands.at(-2));
    else if (operator === 'Tr') mode = last ?? '0';
    else if (operator === 'Q') mode = '0';
    else if (/^(Tj|TJ|'|")$/.test(operator) && mode !== INVISIBLE) checkFont(font, faults, seen);
    else if (operator === 'k' || operator === 'K') faults.add(CMYK);
    else if (operator === 'cs' || operator === 'CS')
      checkColours(last === '/DeviceCMYK' ? name('DeviceCMYK') : resource('ColorSpace', last), faults);
    else if (operator === 'sh') checkColours(spaceOf(resource('Shading', last)), faults);
    else if (operator === 'BI' && operands.some((operand) => operand === '/CMYK' || operand === '/DeviceCMYK'))
      faults.add(CMYK);
    else if (operator === 'Do') {
      const object = resource('XObject', last);
      checkColours(spaceOf(object), faults);
      readForm(object, resources, faults, seen);
    } else if (operator === 'scn' || operator === 'SCN') {
      const pattern = resource('Pattern', last);
      if (pattern instanceof PDFDict) checkColours(spaceOf(pattern.lookup(name('Shading'))), faults);
      readForm(pattern, resources, faults, seen);
    }
  }
}

/** The content of a form, a pattern or an annotation. */
function readForm(form: PDFObject | undefined, outer: PDFDict | undefined, faults: Set<string>, seen: Set<PDFObject>) {
  if (!(form instanceof PDFStream) || form.dict.get(name('Subtype')) === name('Image') || seen.has(form)) return;
  seen.add(form);
  readContent(contentOf(form), form.dict.lookupMaybe(name('Resources'), PDFDict) ?? outer, faults, seen);
}

function checkFont(font: PDFObject | undefined, faults: Set<string>, seen: Set<PDFObject>): void {
  if (!(font instanceof PDFDict) || seen.has(font)) return;
  const type = font.lookup(name('Subtype'));
  if (type === name('Type3')) {
    seen.add(font);
    const resources = font.lookupMaybe(name('Resources'), PDFDict);
    for (const glyph of font.lookupMaybe(name('CharProcs'), PDFDict)?.values() ?? [])
      readForm(font.context.lookup(glyph), resources, faults, seen);
    return;
  }
  const descendant = font.lookupMaybe(name('DescendantFonts'), PDFArray)?.lookup(0);
  const descriptor = (descendant instanceof PDFDict ? descendant : font).lookup(name('FontDescriptor'));
  if (descriptor instanceof PDFDict && FONT_FILES.some((key) => descriptor.has(name(key)))) return;
  const called = font.lookup(name('BaseFont'));
  faults.add(`the font ${called instanceof PDFName ? called.decodeText() : 'without a name'} ${NOT_EMBEDDED}`);
}

function checkColours(space: PDFObject | undefined, faults: Set<string>, depth = 0): void {
  if (space === name('DeviceCMYK')) faults.add(CMYK);
  if (!(space instanceof PDFArray) || depth > 4) return;
  // Indexed, Separation, DeviceN and Pattern rest upon another space.
  for (let index = 1; index < Math.min(space.size(), 4); index++) {
    const inner = space.lookup(index);
    if (inner instanceof PDFName || inner instanceof PDFArray) checkColours(inner, faults, depth + 1);
  }
}

function spaceOf(object: PDFObject | undefined): PDFObject | undefined {
  const dict = object instanceof PDFStream ? object.dict : object;
  return dict instanceof PDFDict ? dict.lookup(name('ColorSpace')) : undefined;
}
