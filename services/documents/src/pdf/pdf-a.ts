import { createHash } from 'node:crypto';
import { embedFacturX, type PDFDocument, PDFHexString, PDFName } from '@cantoo/pdf-lib';
import { dropUnreachable } from './drop-unreachable.js';
import { packetOf, writePacket } from './edit-metadata.js';
import { mendForPdfA } from './mend-pdf-a.js';
import { checkPdfA } from './pdf-a-faults.js';
import { toPdfUa } from './pdf-ua.js';
import { SRGB_PROFILE } from './srgb-profile.js';

/** What a document says of itself, in its info dictionary and its XMP alike. */
export interface PdfMetadata {
  title?: string;
  author?: string;
  subject?: string;
  keywords?: string;
  /** Such as `fr-SN`. */
  language?: string;
}

/** An invoice as XML, and its profile as XMP names it. */
export interface FacturX {
  xml: string;
  level: 'BASIC' | 'EN 16931';
}

/** What becomes of a PDF. */
export interface PdfAOptions {
  metadata: PdfMetadata;
  /** When this file was made. */
  now: Date;
  /** Makes it PDF/A-3b with this invoice; PDF/A-2b without. */
  facturX?: FacturX;
  /** Makes it PDF/UA-1 as well. */
  accessible?: boolean;
}

/** A PDF/A file, and what had to be changed for that. */
export interface PdfA {
  data: Buffer;
  pages: number;
  changes: string[];
}

const PRODUCER = 'Tandem';
const FACTUR_X_FILE = 'factur-x.xml';

/**
 * Makes a PDF/A of an opened document: PDF/A-2b, or PDF/A-3b with a Factur-X invoice (ISO 19005-2 and 19005-3). What the
 * standard forbids and nobody sees is removed. Throws `Rejected` `document_failed` for what cannot be mended, such as fonts
 * that are not embedded.
 */
export async function toPdfA(pdf: PDFDocument, { metadata, now, facturX, accessible }: PdfAOptions): Promise<PdfA> {
  const changes = mendForPdfA(pdf);
  const { language } = metadata;
  if (accessible) changes.push(...toPdfUa(pdf, { title: titleOf(pdf, metadata), language }, { archived: true }));
  else if (language) pdf.catalog.set(PDFName.of('Lang'), PDFHexString.fromText(language));
  // Earlier versions of objects, which nothing shows, are no fault of the document.
  dropUnreachable(pdf.context);
  checkPdfA(pdf);
  describe(pdf, metadata, now);
  const id = fileId(pdf, metadata, now);
  pdf.context.trailerInfo.ID = pdf.context.obj([id, id]);
  pdf.convertToPDFA({
    conformance: facturX ? '3B' : '2B',
    iccProfile: SRGB_PROFILE,
    outputConditionIdentifier: 'sRGB',
  });
  if (facturX)
    await embedFacturX(pdf, Buffer.from(facturX.xml), {
      fileName: FACTUR_X_FILE,
      conformanceLevel: facturX.level,
      description: 'Factur-X invoice',
      creationDate: now,
      modificationDate: now,
    });
  if (accessible) claimPdfUa(pdf);
  const data = await pdf.save({
    useObjectStreams: true,
    addDefaultPage: false,
    updateFieldAppearances: false,
    objectsPerTick: Number.POSITIVE_INFINITY,
  });
  return { data: Buffer.from(data), pages: pdf.getPageCount(), changes };
}

/** Sets what is known and drops the rest: XMP may only hold what PDF/A has a schema for. */
function describe(pdf: PDFDocument, metadata: PdfMetadata, now: Date): void {
  const title = titleOf(pdf, metadata);
  const author = text(metadata.author, () => pdf.getAuthor());
  const subject = text(metadata.subject, () => pdf.getSubject());
  const keywords = text(metadata.keywords, () => pdf.getKeywords());
  const created = read(() => pdf.getCreationDate());
  pdf.catalog.delete(PDFName.of('Metadata'));
  pdf.context.trailerInfo.Info = pdf.context.register(pdf.context.obj({}));
  if (title) pdf.setTitle(title);
  if (author) pdf.setAuthor(author);
  if (subject) pdf.setSubject(subject);
  if (keywords) pdf.setKeywords([keywords]);
  pdf.setProducer(PRODUCER);
  pdf.setCreationDate(created && !Number.isNaN(created.getTime()) ? created : now);
  pdf.setModificationDate(now);
}

function titleOf(pdf: PDFDocument, { title }: PdfMetadata): string {
  return text(title, () => pdf.getTitle());
}

function text(given: string | undefined, own: () => string | undefined): string {
  return clean(given ?? read(own) ?? '');
}

/** In the XMP that pdf-lib wrote: what it does not know there, it keeps. */
function claimPdfUa(pdf: PDFDocument): void {
  const packet = packetOf(pdf);
  if (!packet) throw new Error('the XMP that was just written cannot be read');
  packet.claimAccessibility();
  writePacket(pdf, packet);
}

/** A file's own metadata may be of any type; what is not as it should be is left behind. */
function read<T>(get: () => T | undefined): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

/** XML has no place for control characters and halves of surrogate pairs. */
function clean(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .toWellFormed()
    .trim();
}

function fileId(pdf: PDFDocument, metadata: PdfMetadata, now: Date): PDFHexString {
  const parts = JSON.stringify([metadata, now, pdf.getPageCount(), pdf.context.largestObjectNumber]);
  return PDFHexString.of(createHash('sha256').update(parts).digest('hex').slice(0, 32));
}
