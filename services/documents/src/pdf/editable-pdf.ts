import {
  PDFArray,
  PDFDocument,
  PDFNumber,
  type PDFObject,
  type PDFPageLeaf,
  PDFStreamWriter,
  PDFWriter,
} from '@cantoo/pdf-lib';
import { Rejected } from '@tandem/messaging/outcome';
import { dropUnreachable } from './drop-unreachable.js';
import { MOST_PAGES } from './page-selection.js';
import { passwordRequired, unreadable } from './pdf-errors.js';
import { PdfiumDocument } from './pdfium.js';

/** A PDF that is changed, and what its sender should know. */
export interface EditablePdf {
  pdf: PDFDocument;
  pages: PDFPageLeaf[];
  encrypted: boolean;
  warnings: string[];
}

/**
 * Opens a PDF to change it. PDFium reads it first: pdf-lib looks for objects from the file's beginning to its end rather than in its
 * tables, and what the two do not see alike is better refused than spoilt. Throws `Rejected` (document_unreadable, password_required).
 */
export async function openEditable(data: Uint8Array, password?: string): Promise<EditablePdf> {
  const { pageCount } = await PdfiumDocument.open(data, password);
  if (pageCount > MOST_PAGES) {
    const detail = `The document has ${pageCount} pages; it may have ${MOST_PAGES}. Split it first.`;
    throw new Rejected('document_failed', detail);
  }
  return readable(async () => {
    const load = (secret?: string) =>
      PDFDocument.load(data, {
        updateMetadata: false,
        ignoreEncryption: true,
        parseSpeed: Number.POSITIVE_INFINITY,
        preserveXFA: true,
        password: secret,
      });
    let pdf = await load();
    const encrypted = pdf.isEncrypted;
    if (encrypted) pdf = await decrypted(() => load(password ?? ''), password);
    const pages = pdf.getPages().map(({ node }) => node);
    if (pages.length !== pageCount) throw unreadable('Its list of pages is damaged.');
    return { pdf, pages, encrypted, warnings: encrypted ? [NO_LONGER_ENCRYPTED] : [] };
  });
}

const NO_LONGER_ENCRYPTED =
  'The source was encrypted; the result is not. Encrypt it with documents.protect where that matters.';

async function decrypted(load: () => Promise<PDFDocument>, password: string | undefined): Promise<PDFDocument> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof Error && /password/i.test(error.message)) throw passwordRequired(password);
    throw error;
  }
}

/** What pdf-lib throws of a PDF is the PDF's fault; what we throw stays as it is. */
export async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Rejected ? error : unreadable(undefined, error);
  }
}

/** The bytes of a changed PDF: the same for the same changes. (`save` of pdf-lib would set dates and rewrite XMP by itself.) */
export async function savedBytes(pdf: PDFDocument): Promise<Buffer> {
  await pdf.flush();
  dropUnreachable(pdf.context);
  const [major = 1, minor = 0] = pdf.context.header.getVersionString().split('.').map(Number);
  // Before 1.5, PDF/A-1 among them, objects stand by themselves.
  const Writer = major > 1 || minor >= 5 ? PDFStreamWriter : PDFWriter;
  const bytes = await Writer.forContext(pdf.context, Number.POSITIVE_INFINITY).serializeToBuffer();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The numbers of an array such as a MediaBox. */
export function numbersOf(array: PDFObject | undefined): number[] | undefined {
  if (!(array instanceof PDFArray)) return undefined;
  return Array.from({ length: array.size() }, (_, index) => {
    const number = array.lookup(index);
    return number instanceof PDFNumber ? number.asNumber() : Number.NaN;
  });
}
