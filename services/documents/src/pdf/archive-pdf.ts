import { PDFDocument } from '@cantoo/pdf-lib';
import type { ArchiveStandard } from '@tandem/contracts/archive-document';
import { accessiblePdf } from './accessible-pdf.js';
import { describe, packetOf } from './edit-metadata.js';
import { openEditable, readable } from './editable-pdf.js';
import { type FacturX, type PdfA, type PdfMetadata, toPdfA } from './pdf-a.js';

/** A PDF of somebody else, and what its archive shall say of it. */
export interface ArchiveTask {
  data: Uint8Array;
  password?: string;
  metadata: PdfMetadata;
  now: Date;
  /** `pdfa-2b` by default. */
  standards?: readonly ArchiveStandard[];
}

/** Makes a PDF/A-2b of a file, a PDF/UA-1, or both in one. Throws `Rejected`: `document_unreadable`, `password_required`, or `document_failed`. */
export async function archivePdf({
  data,
  password,
  metadata,
  now,
  standards = ['pdfa-2b'],
}: ArchiveTask): Promise<PdfA> {
  const accessible = standards.includes('pdfua-1');
  if (!standards.includes('pdfa-2b')) return accessiblePdf({ data, password, metadata });
  const { pdf, warnings } = await openEditable(data, password);
  const made = await readable(() => toPdfA(pdf, { metadata: { ...toldIn(pdf), ...metadata }, now, accessible }));
  return { ...made, changes: [...warnings, ...made.changes] };
}

/** What a document says of itself for readers, which may stand in XMP alone. */
function toldIn(pdf: PDFDocument): Pick<PdfMetadata, 'title' | 'language'> {
  const { title, language } = describe(pdf, packetOf(pdf));
  return { ...(title && { title }), ...(language && { language }) };
}

/** A page that was printed here, and the invoice that it is. */
export interface InvoiceTask {
  data: Uint8Array;
  metadata: PdfMetadata & { title: string };
  now: Date;
  facturX: FacturX;
  accessible?: boolean;
}

/** Makes a PDF/A-3b with its Factur-X XML inside, where wanted also PDF/UA-1; the page's own title goes before that of `metadata`. */
export async function facturXPdf({ data, metadata, now, facturX, accessible }: InvoiceTask): Promise<PdfA> {
  const pdf = await PDFDocument.load(data, { updateMetadata: false, parseSpeed: Number.POSITIVE_INFINITY });
  const title = pdf.getTitle() || metadata.title;
  return readable(() => toPdfA(pdf, { metadata: { ...metadata, title }, now, facturX, accessible }));
}
