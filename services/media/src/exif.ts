import type { KeptMetadata } from '@tandem/contracts/image-options';

/** EXIF 2.32: a TIFF file without an image, in which directories hold entries of 12 bytes. */
const ENTRY = 12;
/** Bytes for each value, by the number of its type (TIFF 6.0, section 2). */
const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8];
const LONG = 4;
const MAX_ENTRIES = 200;

const EXIF_POINTER = 0x8769;
const GPS_POINTER = 0x8825;
/** Artist and copyright. */
const AUTHORSHIP = new Set([0x013b, 0x8298]);
/**
 * What is not EXIF's own (XMP, IPTC, Photoshop's), what is of the file and not of the picture (sizes, strips,
 * orientation, pointers), and what nobody can look into for a place: notes of camera makers, and comments in free form.
 */
const NEVER = new Set([
  0x00fe,
  0x0100,
  0x0101,
  0x0102,
  0x0103,
  0x0106,
  0x0111,
  0x0112,
  0x0115,
  0x0116,
  0x0117,
  0x011c,
  0x014a,
  0x0201,
  0x0202,
  0x02bc,
  0x83bb,
  0x8649,
  0x8773,
  EXIF_POINTER,
  GPS_POINTER,
  0x927c,
  0x9286,
  0xa002,
  0xa003,
  0xa005,
  0xea1c,
]);

interface Entry {
  tag: number;
  type: number;
  count: number;
  value: Buffer;
}

/**
 * The part of EXIF data that is kept by name, written anew, so that nothing hides in the gaps; undefined when nothing is
 * left. The thumbnail, which may show what was cropped away, is never kept.
 */
export function keptExif(exif: Buffer, names: readonly KeptMetadata[]): Buffer | undefined {
  const tiff = exif.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
  const little = tiff.toString('latin1', 0, 4) === 'II*\0';
  if (!little && tiff.toString('latin1', 0, 4) !== 'MM\0*') return undefined;
  const reader = new Reader(tiff, little);
  const all = reader.directory(tiff.length >= 8 ? reader.long(4) : 0);
  const below = (pointer: number) => {
    const entry = all.find(({ tag }) => tag === pointer);
    return entry && entry.value.length >= 4 ? reader.directory(readLong(entry.value, little)) : [];
  };
  const kept = (entries: Entry[]) => entries.filter(({ tag }) => !NEVER.has(tag));
  const main = names.includes('exif') ? kept(all) : [];
  const authorship = names.includes('copyright') ? all.filter(({ tag }) => AUTHORSHIP.has(tag)) : [];
  const directories = {
    main: [...new Set([...main, ...authorship])],
    exif: names.includes('exif') ? kept(below(EXIF_POINTER)) : [],
    gps: names.includes('gps') ? below(GPS_POINTER) : [],
  };
  return Object.values(directories).some(({ length }) => length > 0) ? write(directories, little) : undefined;
}

/** Reads directories; what lies outside the data, or is of no known type, is left out. */
class Reader {
  constructor(
    private readonly tiff: Buffer,
    private readonly little: boolean,
  ) {}

  long(at: number): number {
    return readLong(this.tiff.subarray(at, at + 4), this.little);
  }

  directory(at: number): Entry[] {
    if (at < 8 || at + 2 > this.tiff.length) return [];
    const count = Math.min(MAX_ENTRIES, this.#short(at));
    const entries: Entry[] = [];
    for (let index = 0; index < count; index++) {
      const entry = this.#entry(at + 2 + index * ENTRY);
      if (entry) entries.push(entry);
    }
    return entries;
  }

  #entry(at: number): Entry | undefined {
    if (at + ENTRY > this.tiff.length) return undefined;
    const [tag, type, count] = [this.#short(at), this.#short(at + 2), this.long(at + 4)];
    const length = (SIZES[type] ?? 0) * count;
    const start = length > 4 ? this.long(at + 8) : at + 8;
    if (length === 0 || start + length > this.tiff.length) return undefined;
    return { tag, type, count, value: this.tiff.subarray(start, start + length) };
  }

  #short(at: number): number {
    return this.little ? this.tiff.readUInt16LE(at) : this.tiff.readUInt16BE(at);
  }
}

/** In the byte order of the source, so values need not be understood to be copied. */
function write({ main, exif, gps }: Record<'main' | 'exif' | 'gps', Entry[]>, little: boolean): Buffer {
  const start = 8;
  const afterMain = start + sizeOf(main, (exif.length > 0 ? 1 : 0) + (gps.length > 0 ? 1 : 0));
  const afterExif = afterMain + (exif.length > 0 ? sizeOf(exif) : 0);
  const pointers: Entry[] = [];
  if (exif.length > 0) pointers.push({ tag: EXIF_POINTER, type: LONG, count: 1, value: long(afterMain, little) });
  if (gps.length > 0) pointers.push({ tag: GPS_POINTER, type: LONG, count: 1, value: long(afterExif, little) });
  const header = Buffer.concat([Buffer.from(little ? 'II*\0' : 'MM\0*', 'latin1'), long(start, little)]);
  const parts = [header, directoryOf([...main, ...pointers], start, little)];
  if (exif.length > 0) parts.push(directoryOf(exif, afterMain, little));
  if (gps.length > 0) parts.push(directoryOf(gps, afterExif, little));
  return Buffer.concat(parts);
}

function directoryOf(entries: Entry[], at: number, little: boolean): Buffer {
  const sorted = entries.toSorted((a, b) => a.tag - b.tag);
  const values: Buffer[] = [];
  let next = at + 2 + sorted.length * ENTRY + 4;
  const rows = sorted.map(({ tag, type, count, value }) => {
    const inside = value.length <= 4;
    const row = Buffer.concat([short(tag, little), short(type, little), long(count, little), Buffer.alloc(4)]);
    (inside ? value : long(next, little)).copy(row, 8);
    if (inside) return row;
    values.push(padded(value));
    next += padded(value).length;
    return row;
  });
  return Buffer.concat([short(sorted.length, little), ...rows, Buffer.alloc(4), ...values]);
}

function sizeOf(entries: Entry[], pointers = 0): number {
  const values = entries
    .filter(({ value }) => value.length > 4)
    .reduce((sum, { value }) => sum + padded(value).length, 0);
  return 2 + (entries.length + pointers) * ENTRY + 4 + values;
}

/** Values begin at even offsets. */
function padded(value: Buffer): Buffer {
  return value.length % 2 === 0 ? value : Buffer.concat([value, Buffer.alloc(1)]);
}

function short(value: number, little: boolean): Buffer {
  const bytes = Buffer.alloc(2);
  if (little) bytes.writeUInt16LE(value);
  else bytes.writeUInt16BE(value);
  return bytes;
}

function long(value: number, little: boolean): Buffer {
  const bytes = Buffer.alloc(4);
  if (little) bytes.writeUInt32LE(value);
  else bytes.writeUInt32BE(value);
  return bytes;
}

function readLong(bytes: Buffer, little: boolean): number {
  return little ? bytes.readUInt32LE() : bytes.readUInt32BE();
}
