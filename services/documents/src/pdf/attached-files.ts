import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { namesIn } from './name-tree.js';
import { isReference, type PdfDictionary, type PdfDump, type PdfObjects } from './pdf-objects.js';
import { plainEntries } from './plain-value.js';

/** A file that a document holds. */
export interface AttachedFile {
  name: string;
  /** What the document says of it: a description, what it is to the document. */
  look: PdfDictionary;
  /** Reference of the stream with its bytes, and what that says of them. */
  stream: string;
  dict: PdfDictionary;
}

/** A file whose bytes lie on this machine, as they are in the document: packed, most often. */
export interface ExtractedFile extends Omit<AttachedFile, 'stream'> {
  path: string;
}

const FILE_LOOK = ['/Desc', '/AFRelationship'];
const STREAM_LOOK = ['/Type', '/Subtype', '/Params', '/Filter', '/DecodeParms'];

/** The files of a document's tree of names; those that it only points at are none. */
export function attachedFiles(objects: PdfObjects): AttachedFile[] {
  const { '/EmbeddedFiles': root } = objects.dictionary(objects.catalog['/Names']);
  return namesIn(objects, root).flatMap(([key, value], index) => {
    const spec = objects.dictionary(value);
    const { '/F': file, '/UF': named = file } = objects.dictionary(spec['/EF']);
    const stream = [file, named].find(isReference);
    if (stream === undefined || !objects.isStream(stream)) return [];
    const names = [spec['/UF'], spec['/F'], key].map((name) => textOf(objects.resolve(name)));
    const name = names.find((text) => text !== undefined) ?? `attachment-${index + 1}`;
    const dict = plainEntries(objects.dictionary(stream), STREAM_LOOK, objects);
    return [{ name, look: plainEntries(spec, FILE_LOOK, objects), stream, dict }];
  });
}

/** Adds where the bytes are, as a dump of these streams into files says. */
export function extracted(files: readonly AttachedFile[], { qpdf }: Pick<PdfDump, 'qpdf'>): ExtractedFile[] {
  return files.flatMap(({ stream, ...file }) => {
    const path = qpdf[1][`obj:${stream}`]?.stream?.datafile;
    return path === undefined ? [] : [{ ...file, path }];
  });
}

/** All of them under names of their own, `data (2).csv` for a second `data.csv`; the same file from several sources once. */
export function withOwnNames(files: readonly ExtractedFile[]): ExtractedFile[] {
  const seen = new Set<string>();
  const taken = new Set<string>();
  return files.flatMap((file) => {
    const same = `${createHash('sha256').update(readFileSync(file.path)).digest('hex')} ${file.name}`;
    if (seen.has(same)) return [];
    seen.add(same);
    const name = freeName(file.name, taken);
    taken.add(name);
    return [{ ...file, name }];
  });
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  const [, stem, extension] = /^(.+?)(\.[^.]*)?$/s.exec(name) ?? [name, name];
  for (let number = 2, free = name; ; number++) {
    if (!taken.has(free)) return free;
    free = `${stem} (${number})${extension ?? ''}`;
  }
}

/** qpdf writes a text as `u:`, and what is none in hexadecimal. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^u:./s.test(value) ? value.slice(2) : undefined;
}

/** How many bytes a file has, where the document says so. */
export function sizeOf({ dict }: Pick<ExtractedFile, 'dict'>): number | undefined {
  const { '/Size': size } = (dict['/Params'] ?? {}) as PdfDictionary;
  return Number.isSafeInteger(size) ? (size as number) : undefined;
}
