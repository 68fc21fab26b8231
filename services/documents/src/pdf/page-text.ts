import { unreadable } from './pdf-errors.js';
import { allocate, type Pdfium, PdfiumDocument } from './pdfium.js';

/** Which pages' text, and what opens the file. */
export interface PageTextOptions {
  /** Pages from 1, in this order; all by default. */
  pages?: readonly number[];
  password?: string;
}

/** The text of one page. */
export interface PageText {
  page: number;
  text: string;
}

/**
 * The text of a PDF, page by page, in reading order as far as the file tells it; lines end with \n. Throws `Rejected`
 * (document_unreadable, password_required). It works in this process: what strangers send goes through `PdfProcesses`.
 */
export async function* pageText(pdf: Uint8Array, { pages, password }: PageTextOptions = {}): AsyncGenerator<PageText> {
  const document = await PdfiumDocument.open(pdf, password);
  const count = document.pageCount;
  for (const page of pages ?? Array.from({ length: count }, (_, index) => index + 1)) {
    yield { page, text: document.page(page, (handle) => textOf(document.pdfium, handle)) };
  }
}

function textOf(pdfium: Pdfium, page: number): string {
  const text = pdfium._FPDFText_LoadPage(page);
  if (!text) throw unreadable('The text of a page is broken.');
  const count = Math.max(pdfium._FPDFText_CountChars(text), 0);
  // In UTF-16 and with a null at the end; what is outside the basic plane takes two units.
  const buffer = allocate(pdfium, 4 * count + 2);
  const units = Math.max(pdfium._FPDFText_GetText(text, 0, count, buffer) - 1, 0);
  const letters = new TextDecoder('utf-16le').decode(pdfium.HEAPU8.subarray(buffer, buffer + 2 * units));
  pdfium.wasmExports.free(buffer);
  pdfium._FPDFText_ClosePage(text);
  return plain(letters);
}

/** PDFium marks by U+0002 a hyphen that parts a word at the end of a line, and by U+0000 letters that it cannot name. */
function plain(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/\p{Cc}\n?/gu, (control) => {
    if (control === '\n' || control === '\t') return control;
    return control.startsWith('\u0002') ? '' : control.slice(1);
  });
}
