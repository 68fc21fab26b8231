import { PDFDocument } from '@cantoo/pdf-lib';
import { openEditable, readable } from './editable-pdf.js';
import { type FacturX, type PdfA, type PdfMetadata, toPdfA } from './pdf-a.js';

/** A PDF of somebody else, and what its archive shall say of it. */
export interface ArchiveTask {
  data: Uint8Array;
  password?: string;
  metadata: PdfMetadata;
  now: Date;
}

/** Makes a PDF/A-2b of a file. Throws `Rejected`: `document_unreadable`, `password_required`, or `document_failed`. */
export async function archivePdf({ data, password, metadata, now }: ArchiveTask): Promise<PdfA> {
  const { pdf, warnings } = await openEditable(data, password);
  const made = await readable(() => toPdfA(pdf, { metadata, now }));
  return { ...made, changes: [...warnings, ...made.changes] };
}

/** A page that was printed here, and the invoice that it is. */
export interface InvoiceTask {
  data: Uint8Array;
  metadata: PdfMetadata & { title: string };
  now: Date;
  facturX: FacturX;
}

/** Makes a PDF/A-3b with its Factur-X XML inside; the page's own title goes before that of `metadata`. */
export async function facturXPdf({ data, metadata, now, facturX }: InvoiceTask): Promise<PdfA> {
  const pdf = await PDFDocument.load(data, { updateMetadata: false, parseSpeed: Number.POSITIVE_INFINITY });
  const title = pdf.getTitle() || metadata.title;
  return toPdfA(pdf, { metadata: { ...metadata, title }, now, facturX });
}
