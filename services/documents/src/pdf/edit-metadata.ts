import {
  decodePDFRawStream,
  PDFArray,
  PDFBool,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  type PDFPageLeaf,
  PDFRawStream,
  PDFRef,
} from '@cantoo/pdf-lib';
import type { MetadataChanges, PdfMetadata } from '@tandem/contracts/pdf-metadata';
import { openEditable, readable, savedBytes } from './editable-pdf.js';
import { embeddedFiles, textOf } from './embedded-files.js';
import { seen } from './lay-on-page.js';
import { infoDate, isoDate } from './pdf-date.js';
import { isSigned, signatureWarnings } from './signatures.js';
import { type Description, splitKeywords, XmpPacket } from './xmp.js';

/** Whose metadata is read, and what changes. */
export interface MetadataTask {
  data: Uint8Array;
  password?: string;
  changes?: MetadataChanges;
}

/** What a PDF says of itself, after the changes if there were any; then `data` is the changed file. */
export interface DescribedPdf {
  metadata: PdfMetadata;
  data?: Buffer;
  warnings: string[];
}

const TEXTS = {
  title: 'Title',
  author: 'Author',
  subject: 'Subject',
  creator: 'Creator',
  producer: 'Producer',
} as const;
const OF_THEIR_OWN = new Set([...Object.values(TEXTS), 'Keywords', 'CreationDate', 'ModDate', 'Trapped']);
const METADATA = PDFName.of('Metadata');

/** Reads metadata, and changes it in both places where a PDF has it: its information dictionary and its XMP say the same then. */
export async function editMetadata({ data, password, changes }: MetadataTask): Promise<DescribedPdf> {
  const { pdf, pages, encrypted, warnings } = await openEditable(data, password);
  return readable(async () => {
    const xmp = packetOf(pdf);
    const before = describe(pdf, xmp);
    const view = (description: Description) => viewOf(pdf, pages, description, xmp, encrypted);
    if (!changes) return { metadata: view(before), warnings: disagreements(pdf, xmp) };
    warnings.push(...signatureWarnings(pdf));
    const after = changed(before, changes);
    if (xmp?.conformance && Object.keys(after.custom).length > 0) warnings.push(customInPdfA(xmp.conformance));
    writeInfo(pdf, after, changes.clear);
    const packet = xmp ?? XmpPacket.empty();
    packet.write(after, { clear: changes.clear });
    writePacket(pdf, packet);
    return { metadata: view(after), data: await savedBytes(pdf), warnings };
  });
}

function customInPdfA(conformance: string): string {
  return `The source claims ${conformance}, which wants keys of your own declared by an extension schema; none is written.`;
}

/** A value sets, null removes, the rest stays. */
export function changed(before: Description, { clear, custom, ...changes }: MetadataChanges): Description {
  const next: Record<string, unknown> = clear ? {} : { ...before };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete next[name];
    else if (value !== undefined) next[name] = value;
  }
  const keys = Object.entries({ ...(clear ? {} : before.custom), ...custom }).filter(([, value]) => value !== null);
  return { ...next, custom: Object.fromEntries(keys) as Record<string, string> };
}

/** What a document says of itself in both places. */
export function describe(pdf: PDFDocument, xmp: XmpPacket | undefined): Description {
  const info = infoOf(pdf);
  const text = (key: string) => oneLine(textOf(info?.lookup(PDFName.of(key))));
  const said = xmp?.describe() ?? { custom: {} };
  const keywords = text('Keywords');
  const own = (info?.keys() ?? []).map((key) => key.decodeText()).filter((key) => !OF_THEIR_OWN.has(key));
  return withoutHoles({
    ...said,
    ...withoutHoles(Object.fromEntries(Object.entries(TEXTS).map(([name, key]) => [name, text(key)]))),
    keywords: keywords === undefined ? said.keywords : splitKeywords(keywords),
    language: textOf(pdf.catalog.lookup(PDFName.of('Lang'))) || said.language,
    created: isoDate(text('CreationDate')) ?? said.created,
    modified: isoDate(text('ModDate')) ?? said.modified,
    custom: { ...said.custom, ...withoutHoles(Object.fromEntries(own.map((key) => [key, text(key)]))) },
  });
}

type WithoutHoles<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Control characters, which XML cannot hold, become spaces. */
function oneLine(text: string | undefined): string | undefined {
  return text?.replace(/[\p{Cc}\p{Cs}\ufffe\uffff]+/gu, ' ') || undefined;
}

function withoutHoles<T extends object>(object: T): WithoutHoles<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as WithoutHoles<T>;
}

/** Writes the information dictionary, and the language. */
export function writeInfo(pdf: PDFDocument, { custom, ...next }: Description, clear: boolean): void {
  const { context } = pdf;
  const before = clear ? undefined : infoOf(pdf);
  const info = PDFDict.withContext(context);
  // Trapped, and what is no text, stays.
  for (const [key, value] of before?.entries() ?? [])
    if (textOf(context.lookup(value)) === undefined) info.set(key, value);
  const set = (key: string, value: string | undefined) => {
    if (value !== undefined) info.set(PDFName.of(key), PDFHexString.fromText(value));
  };
  for (const [name, key] of Object.entries(TEXTS)) set(key, next[name as keyof typeof TEXTS]);
  set('Keywords', next.keywords?.join(', '));
  set('CreationDate', infoDate(next.created));
  set('ModDate', infoDate(next.modified));
  for (const [key, value] of Object.entries(custom)) set(key, value);
  context.trailerInfo.Info = context.register(info);
  if (next.language === undefined) pdf.catalog.delete(PDFName.of('Lang'));
  else pdf.catalog.set(PDFName.of('Lang'), PDFHexString.fromText(next.language));
}

function infoOf(pdf: PDFDocument): PDFDict | undefined {
  const info = pdf.context.lookup(pdf.context.trailerInfo.Info);
  return info instanceof PDFDict ? info : undefined;
}

/** Makes this the XMP of a document. */
export function writePacket(pdf: PDFDocument, packet: XmpPacket): void {
  const stream = pdf.context.stream(packet.bytes(), { Type: 'Metadata', Subtype: 'XML' });
  const present = pdf.catalog.get(METADATA);
  if (present instanceof PDFRef) pdf.context.assign(present, stream);
  else pdf.catalog.set(METADATA, pdf.context.register(stream));
}

/** The XMP of a document, when it can be read. */
export function packetOf(pdf: PDFDocument): XmpPacket | undefined {
  const stream = pdf.catalog.lookup(METADATA);
  if (!(stream instanceof PDFRawStream)) return undefined;
  try {
    return XmpPacket.parse(decodePDFRawStream(stream).decode());
  } catch {
    return undefined;
  }
}

function disagreements(pdf: PDFDocument, xmp: XmpPacket | undefined): string[] {
  const info = infoOf(pdf);
  const said = xmp?.describe();
  const differ = (['title', 'author', 'subject', 'creator'] as const).filter((name) => {
    const text = textOf(info?.lookup(PDFName.of(TEXTS[name])));
    return text && said?.[name] && text !== said[name];
  });
  return differ.length > 0
    ? [
        `The document says two things of its ${differ.join(', ')}; shown is the information dictionary. Any change mends it.`,
      ]
    : [];
}

function viewOf(
  pdf: PDFDocument,
  pages: readonly PDFPageLeaf[],
  description: Description,
  xmp: XmpPacket | undefined,
  encrypted: boolean,
): PdfMetadata {
  const form = pdf.catalog.lookup(PDFName.of('AcroForm'));
  const fields = form instanceof PDFDict ? form.lookup(PDFName.of('Fields')) : undefined;
  const mark = pdf.catalog.lookup(PDFName.of('MarkInfo'));
  const version = pdf.catalog.lookup(PDFName.of('Version'));
  const { width = 0, height = 0 } = pages[0] ? seen(pages[0]) : {};
  return {
    ...description,
    pdfVersion: version instanceof PDFName ? version.decodeText() : pdf.context.header.getVersionString(),
    pages: pages.length,
    encrypted,
    signed: isSigned(pdf),
    tagged: mark instanceof PDFDict && mark.lookup(PDFName.of('Marked')) === PDFBool.True,
    forms: fields instanceof PDFArray && fields.size() > 0,
    conformance: [xmp?.conformance, xmp?.accessibility].filter(Boolean).join(', ') || undefined,
    attachments: embeddedFiles(pdf).map(({ name, size }) => ({ name, size })),
    pageSize: { width: Math.round(width * 100) / 100, height: Math.round(height * 100) / 100 },
  };
}
