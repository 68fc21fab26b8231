import {
  PDFArray,
  PDFDict,
  type PDFDocument,
  PDFHexString,
  PDFName,
  PDFNumber,
  type PDFObject,
  PDFStream,
  PDFString,
} from '@cantoo/pdf-lib';

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
  const open = [names instanceof PDFDict ? names.lookup(EMBEDDED) : undefined];
  const seen = new Set<PDFObject>();
  const files: EmbeddedFile[] = [];
  for (let node = open.shift(); node; node = open.shift()) {
    if (!(node instanceof PDFDict) || seen.has(node)) continue;
    seen.add(node);
    const [kids, leaf] = [node.lookup(PDFName.of('Kids')), node.lookup(NAMES)];
    if (kids instanceof PDFArray) open.unshift(...kids.asArray().map((_, index) => kids.lookup(index)));
    if (leaf instanceof PDFArray) files.push(...filesOf(leaf));
  }
  return files;
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

function filesOf(leaf: PDFArray): EmbeddedFile[] {
  const files: EmbeddedFile[] = [];
  for (let index = 0; index + 1 < leaf.size(); index += 2) {
    const spec = leaf.lookup(index + 1);
    if (!(spec instanceof PDFDict)) continue;
    const key = textOf(leaf.lookup(index)) ?? '';
    const name = textOf(spec.lookup(PDFName.of('UF'))) ?? textOf(spec.lookup(PDFName.of('F'))) ?? key;
    files.push({ key, spec: leaf.get(index + 1), name, size: sizeOf(spec) });
  }
  return files;
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
