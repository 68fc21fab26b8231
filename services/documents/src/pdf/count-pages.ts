import { PdfiumDocument } from './pdfium.js';

/**
 * How many pages a PDF has. Throws `Rejected` (document_unreadable, password_required). It works in this process: what
 * strangers send goes through `PageProcesses`.
 */
export async function countPages(pdf: Uint8Array, password?: string): Promise<number> {
  const document = await PdfiumDocument.open(pdf, password);
  return document.pageCount;
}
