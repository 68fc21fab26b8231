import { PDFDict, type PDFDocument, PDFName, PDFNumber } from '@cantoo/pdf-lib';

const BROKEN =
  'The source has a digital signature. It does not hold for the changed document: sign that again, and change before you sign.';

/** Whether somebody signed the document: form fields say so (SigFlags, ISO 32000-2, 12.7.3). */
export function isSigned(pdf: PDFDocument): boolean {
  const form = pdf.catalog.lookup(PDFName.of('AcroForm'));
  const flags = form instanceof PDFDict ? form.lookup(PDFName.of('SigFlags')) : undefined;
  const permissions = pdf.catalog.lookup(PDFName.of('Perms'));
  const certified = permissions instanceof PDFDict && permissions.has(PDFName.of('DocMDP'));
  return certified || (flags instanceof PDFNumber && (flags.asNumber() & 1) === 1);
}

/** What to tell of a signed document that was changed. */
export function signatureWarnings(pdf: PDFDocument): string[] {
  return isSigned(pdf) ? [BROKEN] : [];
}
