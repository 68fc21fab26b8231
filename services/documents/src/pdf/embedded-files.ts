import {
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFStream,
  PDFString,
} from '@cantoo/pdf-lib';
import { treeEntries } from './tree-entries.js';

/** A file in a PDF, under its key in the tree of names. */
export interface EmbeddedFile {
  key: string;
  /** The file specification, most often by reference. */
  spec: PDFObject;
  name: string;
  size?: number;
}

const EMBEDDED = PDFName.of('EmbeddedFiles');
const NAMES = PDFName.of('Names');

/** The files that a PDF holds; damaged entries are left out. */
export function embeddedFiles(pdf: PDFDocument): EmbeddedFile[] {
  const names = pdf.catalog.lookup(NAMES);
  const tree = names instanceof PDFDict ? names.lookup(EMBEDDED) : undefined;
  return [...treeEntries(tree, 'Names')].flatMap(([key, spec]) => fileOf(pdf, key, spec));
}

/** Makes these the files of a PDF, in one flat and sorted leaf (ISO 32000-2, 7.9.6). */
export function setEmbeddedFiles(pdf: PDFDocument, files: readonly EmbeddedFile[]): void {
  const { context } = pdf;
  const sorted = [...files].sort((a, b) => Buffer.compare(Buffer.from(encoded(a.key)), Buffer.from(encoded(b.key))));
  const leaf = context.obj(sorted.flatMap(({ key, spec }) => [PDFHexString.fromText(key), spec]));
  const present = pdf.catalog.lookup(NAMES);
  const names = present instanceof PDFDict ? present : context.obj({});
  if (names !== present) pdf.catalog.set(NAMES, names);
  names.set(EMBEDDED, context.obj({ Names: leaf }));
}

/** As it stands in the file, by whose bytes keys are sorted. */
function encoded(key: string): Uint8Array {
  return PDFHexString.fromText(key).asBytes();
}

function fileOf(pdf: PDFDocument, written: PDFObject | undefined, spec: PDFObject): EmbeddedFile[] {
  const found = pdf.context.lookup(spec);
  if (!(found instanceof PDFDict)) return [];
  const key = textOf(written) ?? '';
  const name = textOf(found.lookup(PDFName.of('UF'))) ?? textOf(found.lookup(PDFName.of('F'))) ?? key;
  return [{ key, spec, name, size: sizeOf(found) }];
}

function sizeOf(spec: PDFDict): number | undefined {
  const streams = spec.lookup(PDFName.of('EF'));
  const stream = streams instanceof PDFDict ? streams.lookup(PDFName.of('F')) : undefined;
  const params = stream instanceof PDFStream ? stream.dict.lookup(PDFName.of('Params')) : undefined;
  const size = params instanceof PDFDict ? params.lookup(PDFName.of('Size')) : undefined;
  return size instanceof PDFNumber && Number.isSafeInteger(size.asNumber()) ? size.asNumber() : undefined;
}

/** The text of a string object, if it is one that can be read. */
export function textOf(object: PDFObject | undefined): string | undefined {
  try {
    return object instanceof PDFString || object instanceof PDFHexString ? object.decodeText() : undefined;
  } catch {
    return undefined;
  }
}
