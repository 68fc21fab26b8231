import { layOutText, type PlacedLetter } from './layout-text.js';
import { unreadable } from './pdf-errors.js';
import { allocate, type Pdfium, PdfiumDocument } from './pdfium.js';

const LAM = 0x0644;
/** With madda above, with hamza above and below, and plain. */
const ALEFS = new Set([0x0622, 0x0623, 0x0625, 0x0627]);
/** PDFium's mark for a hyphen at the end of a line, instead of the hyphen and the end of the line. */
const HYPHEN = 0x02;

/** Which pages' text, and what opens the file. */
export interface PageTextOptions {
  /** Pages from 1, in this order; all by default. */
  pages?: readonly number[];
  password?: string;
  /** Keep columns in place, by spaces. */
  layout?: boolean;
}

/** The text of one page. */
export interface PageText {
  page: number;
  text: string;
}

/**
 * The text of a PDF, page by page, in the order of the file; lines end with \n, and letters without a meaning in Unicode
 * are U+FFFD. Throws `Rejected` (document_unreadable, password_required). It works in this process: what strangers send goes
 * through `PageProcesses`.
 */
export async function* pageText(
  pdf: Uint8Array,
  { pages, password, layout = false }: PageTextOptions = {},
): AsyncGenerator<PageText> {
  const document = await PdfiumDocument.open(pdf, password);
  const count = document.pageCount;
  for (const page of pages ?? Array.from({ length: count }, (_, index) => index + 1)) {
    yield { page, text: document.page(page, (handle) => textOf(document.pdfium, handle, layout)) };
  }
}

function textOf(pdfium: Pdfium, page: number, layout: boolean): string {
  const handle = pdfium._FPDFText_LoadPage(page);
  if (!handle) throw unreadable('The text of a page is broken.');
  const units = unitsOf(pdfium, handle);
  putLigaturesInOrder(pdfium, handle, units);
  const places = layout ? placesOf(pdfium, handle, units.length) : undefined;
  pdfium._FPDFText_ClosePage(handle);
  if (places)
    return layOutText(units.map((unit, index) => ({ letter: written(unit).replace('\n', ''), ...places[index]! })));
  return units.map(written).join('').replaceAll('\r\n', '\n').replace(/\r/g, '');
}

/** UTF-16, a unit for each of PDFium's characters. (`FPDFText_GetText` loses the end where letters have no Unicode.) */
function unitsOf(pdfium: Pdfium, text: number): number[] {
  const count = Math.max(pdfium._FPDFText_CountChars(text), 0);
  return Array.from({ length: count }, (_, index) => pdfium._FPDFText_GetUnicode(text, index));
}

/**
 * PDFium turns right-to-left text round letter by letter, so the letters of a ligature change places. In practice that is
 * lam-alef, which is in most Arabic sentences; both letters stand at the place of one glyph, which tells it from alef-lam.
 */
function putLigaturesInOrder(pdfium: Pdfium, text: number, units: number[]): void {
  const point = allocate(pdfium, 16);
  const placeOf = (index: number) => {
    pdfium._FPDFText_GetCharOrigin(text, index, point, point + 8);
    return doubles(pdfium, point, 1)[0];
  };
  for (let index = 0; index + 1 < units.length; index++) {
    if (units[index + 1] !== LAM || !ALEFS.has(units[index]!) || placeOf(index) !== placeOf(index + 1)) continue;
    units.splice(index, 2, LAM, units[index]!);
    index++;
  }
  pdfium.wasmExports.free(point);
}

/** Where each letter stands, for the layout: with the room that its font gives it. */
function placesOf(pdfium: Pdfium, text: number, count: number): Omit<PlacedLetter, 'letter'>[] {
  const numbers = allocate(pdfium, 16);
  const places = Array.from({ length: count }, (_, index) => {
    pdfium._FPDFText_GetCharOrigin(text, index, numbers, numbers + 8);
    const [, y] = doubles(pdfium, numbers, 2) as [number, number];
    const size = pdfium._FPDFText_GetFontSize(text, index) || 10;
    pdfium._FPDFText_GetLooseCharBox(text, index, numbers);
    const box = new DataView(pdfium.HEAPU8.buffer, pdfium.HEAPU8.byteOffset + numbers, 16);
    return { x: box.getFloat32(0, true), y, right: box.getFloat32(8, true), size };
  });
  pdfium.wasmExports.free(numbers);
  return places;
}

function doubles({ HEAPU8: { buffer, byteOffset } }: Pdfium, pointer: number, count: number): number[] {
  const view = new DataView(buffer, byteOffset + pointer, 8 * count);
  return Array.from({ length: count }, (_, index) => view.getFloat64(8 * index, true));
}

function written(unit: number): string {
  if (unit === HYPHEN) return '-\n';
  if (unit === 0 || unit >= 0xfffe) return '\ufffd';
  return unit < 0x20 && unit !== 0x09 && unit !== 0x0a && unit !== 0x0d ? '' : String.fromCharCode(unit);
}
