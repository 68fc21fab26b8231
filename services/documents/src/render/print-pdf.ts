import type { PdfOptions } from '@tandem/contracts/page-options';
import { Rejected } from '@tandem/messaging/outcome';
import type { Protocol } from 'puppeteer-core';
import { type JobPage, unheard } from './job-page.js';
import { followsCssSize, type PageLayout } from './page-layout.js';

/** What is printed above and below every page. */
export interface PreparedBands {
  header?: string;
  footer?: string;
}

const CHUNK_BYTES = 4_000_000;
/** A band that is not wanted: without it Chromium prints one of its own. */
const NO_BAND = '<span></span>';

/** Prints the page. Throws `Rejected` for what its options are to blame for, and for more bytes than `maxMegabytes`. */
export async function printPdf(
  job: JobPage,
  pdf: PdfOptions,
  layout: PageLayout,
  bands: PreparedBands,
  maxMegabytes: number,
): Promise<Buffer> {
  job.deadline.awaiting('the browser was still printing it');
  try {
    const { stream } = await job.send('Page.printToPDF', parametersOf(pdf, layout, bands));
    return await readStream(job, stream!, maxMegabytes);
  } catch (error) {
    throw refusalOf(error, pdf) ?? error;
  }
}

function parametersOf(
  pdf: PdfOptions,
  { width, height, margins, scale }: PageLayout,
  { header, footer }: PreparedBands,
): Protocol.Page.PrintToPDFRequest {
  return {
    transferMode: 'ReturnAsStream',
    paperWidth: width,
    paperHeight: height,
    marginTop: margins.top,
    marginRight: margins.right,
    marginBottom: margins.bottom,
    marginLeft: margins.left,
    scale,
    pageRanges: pdf.pageRanges,
    printBackground: pdf.background ?? true,
    displayHeaderFooter: Boolean(header || footer),
    headerTemplate: header ?? NO_BAND,
    footerTemplate: footer ?? NO_BAND,
    preferCSSPageSize: followsCssSize(pdf),
    // Bookmarks are made from the structure.
    generateTaggedPDF: pdf.outline || pdf.accessible || (pdf.tagged ?? true),
    generateDocumentOutline: pdf.outline ?? false,
  };
}

/** Reads in pieces: one message with all of it would be in memory several times. */
async function readStream(job: JobPage, handle: string, maxMegabytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (let eof = false; !eof; ) {
    const piece = await job.send('IO.read', { handle, size: CHUNK_BYTES });
    pieces.push(Buffer.from(piece.data, piece.base64Encoded ? 'base64' : 'utf8'));
    bytes += pieces.at(-1)!.length;
    // The end of the file says that it is one; to be told so would take one more message.
    eof = piece.eof || endsHere(pieces.at(-1)!);
    if (bytes > maxMegabytes * 1_000_000) throw tooLarge(maxMegabytes);
  }
  unheard(job.lent.session.send('IO.close', { handle }));
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces);
}

function endsHere(piece: Buffer): boolean {
  return piece.length < CHUNK_BYTES && piece.subarray(-8).toString('latin1').trimEnd().endsWith('%%EOF');
}

/** What is said of a document of more bytes than an operator lets through. */
export function tooLarge(maxMegabytes: number): Rejected {
  const detail = `The document has more than ${maxMegabytes} megabytes. Make it smaller, with smaller images above all; the operator of this service can raise DOCUMENTS_MAX_MB.`;
  return new Rejected('document_failed', detail);
}

function refusalOf(error: unknown, { pageRanges }: PdfOptions): Rejected | undefined {
  const message = error instanceof Error ? error.message : '';
  if (/Page range exceeds page count/i.test(message)) {
    return new Rejected('document_failed', `The document has no page of pdf.pageRanges (${pageRanges}): it has fewer.`);
  }
  if (/Page range/i.test(message)) return new Rejected('invalid_input', 'pdf.pageRanges cannot be read.');
  if (/content area is empty|paper|margin/i.test(message) && /Protocol error/.test(message)) {
    return new Rejected('invalid_input', 'pdf.margins leave no room on the paper. Make them smaller.');
  }
  if (/Printing failed/i.test(message)) {
    return new Rejected(
      'document_failed',
      'The browser could not print the document: it may be too large, or lead elsewhere while it is printed.',
    );
  }
  return undefined;
}
