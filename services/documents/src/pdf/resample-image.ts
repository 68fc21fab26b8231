import { inflateSync } from 'node:zlib';
import {
  decodePDFRawStream,
  PDFArray,
  PDFBool,
  PDFDict,
  PDFName,
  PDFNull,
  PDFNumber,
  PDFRawStream,
  PDFStream,
} from '@cantoo/pdf-lib';
import sharp, { type Sharp } from 'sharp';
import { coloursOf, type ImageColours } from './image-colours.js';
import type { PdfDictionary } from './pdf-objects.js';

/** An image with fewer pixels. */
export interface ResampledImage {
  data: Buffer;
  /** What its dictionary says now, as `qpdf --json` writes it, and null for what it no longer says; the rest stays. */
  entries: PdfDictionary;
}

const name = PDFName.of;
const QUALITY = 80;
/** Of images that are read whole. */
const MOST_PIXELS = 50_000_000;
const MOST_BYTES = 200_000_000;
/** Less than a tenth fewer pixels a side are not worth what coding anew costs. */
const WORTH = 0.9;

/**
 * An image with `factor` times its pixels a side, coded as it was: as JPEG, or without loss. Undefined for what would not be smaller,
 * and for what is left as it is: CMYK, 16 bits, black and white, JPEG 2000, and what tells by its colours what is transparent.
 */
export async function resampledImage(image: PDFRawStream, factor: number): Promise<ResampledImage | undefined> {
  const { dict } = image;
  const colours = coloursOf(dict.lookup(name('ColorSpace')));
  const filters = filtersOf(dict);
  if (factor > WORTH || !colours || !isPlain(dict, colours)) return undefined;
  const stored = storedBytes(image);
  // A JPEG in a Flate stream is as small as the JPEG.
  const bytes = filters === 'FlateDecode DCTDecode' ? inflateSync(stored, { maxOutputLength: MOST_BYTES }) : stored;
  const before = { width: numberOf(dict, 'Width'), height: numberOf(dict, 'Height') };
  const after = { width: Math.ceil(before.width * factor), height: Math.ceil(before.height * factor) };
  const made =
    filters === 'FlateDecode'
      ? await resampledPixels(bytes, before, after, { ...colours, bits: numberOf(dict, 'BitsPerComponent') })
      : filters.endsWith('DCTDecode')
        ? await resampledJpeg(bytes, before, after, colours)
        : undefined;
  if (!made || made.data.length >= stored.length) return undefined;
  return { data: made.data, entries: { ...made.entries, '/Width': after.width, '/Height': after.height } };
}

interface Size {
  width: number;
  height: number;
}

/** Whether all of it can be told from its pixels alone. */
function isPlain(dict: PDFDict, { table }: ImageColours): boolean {
  const mask = dict.lookup(name('SMask'));
  const matte = mask instanceof PDFStream && mask.dict.has(name('Matte'));
  const keyed = dict.has(name('Mask')) && !(dict.lookup(name('Mask')) instanceof PDFStream);
  const odd = ['SMaskInData', 'Matte', 'Alternates', 'F', ...(table ? ['Decode'] : [])].some((key) =>
    dict.has(name(key)),
  );
  const parameters = dict.lookup(name('DecodeParms'));
  const coded = parameters instanceof PDFArray ? parameters.asArray().some((one) => one !== PDFNull) : parameters;
  return !matte && !keyed && !odd && !coded && dict.lookup(name('ImageMask')) !== PDFBool.True;
}

function filtersOf(dict: PDFDict): string {
  const filter = dict.lookup(name('Filter'));
  const filters = filter instanceof PDFArray ? filter.asArray().map((_, at) => filter.lookup(at)) : [filter];
  return filters.map((one) => (one instanceof PDFName ? one.decodeText() : '')).join(' ');
}

/** A JPEG's numbers are taken as they are: what they mean is up to the PDF, not to a profile in the JPEG. */
async function resampledJpeg(
  bytes: Uint8Array,
  before: Size,
  after: Size,
  colours: ImageColours,
): Promise<ResampledImage | undefined> {
  const picture = sharp(bytes, { ignoreIcc: true, failOn: 'error' });
  const { format, channels, width, height, chromaSubsampling } = await picture.metadata();
  const expected = format === 'jpeg' && channels === colours.channels && !colours.table;
  if (!expected || width !== before.width || height !== before.height) return undefined;
  const exact = chromaSubsampling === '4:4:4' ? { chromaSubsampling } : {};
  return {
    data: await smaller(picture, after, colours)
      .jpeg({ quality: QUALITY, ...exact })
      .toBuffer(),
    entries: { '/Filter': '/DCTDecode', '/DecodeParms': null },
  };
}

async function resampledPixels(
  bytes: Uint8Array,
  { width, height }: Size,
  after: Size,
  { channels, table, bits }: ImageColours & { bits: number },
): Promise<ResampledImage | undefined> {
  if ((table ? ![1, 2, 4, 8].includes(bits) : bits !== 8) || width * height > MOST_PIXELS) return undefined;
  const row = Math.ceil((width * (table ? 1 : channels) * bits) / 8);
  // What says that it is more than its picture is damaged, or built to harm.
  const samples = inflateSync(bytes, { maxOutputLength: row * height + 16 });
  if (samples.length < row * height) return undefined;
  const pixels = table ? colouredPixels(samples, { width, height, row, bits }, table.bytes, channels) : samples;
  const raw = sharp(pixels.subarray(0, width * height * channels), { raw: { width, height, channels } });
  const png = await smaller(raw, after, { channels }).png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
  const coding = { '/Predictor': 15, '/Colors': channels, '/BitsPerComponent': 8, '/Columns': after.width };
  const space: PdfDictionary = table ? { '/ColorSpace': table.space, '/BitsPerComponent': 8 } : {};
  return { data: pngData(png), entries: { ...space, '/Filter': '/FlateDecode', '/DecodeParms': coding } };
}

/** A picture of one channel stays one: sharp would make it RGB. */
function smaller(picture: Sharp, { width, height }: Size, { channels }: Pick<ImageColours, 'channels'>): Sharp {
  return picture.resize({ width, height, fit: 'fill' }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
}

/** The colours that places in a table stand for. */
function colouredPixels(
  samples: Uint8Array,
  { width, height, row, bits }: Size & { row: number; bits: number },
  table: Uint8Array,
  channels: number,
): Uint8Array {
  const pixels = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const place = (samples[y * row + ((x * bits) >> 3)]! >> (8 - bits - ((x * bits) & 7))) & ((1 << bits) - 1);
      for (let channel = 0; channel < channels; channel++) pixels[to++] = table[place * channels + channel] ?? 0;
    }
  }
  return pixels;
}

/** The data of a PNG are what FlateDecode with PNG predictors takes (ISO 32000-2, 7.4.4.4). */
function pngData(png: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= png.length; ) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return Buffer.concat(parts);
}

/** Its bytes as they are coded, no longer encrypted. */
function storedBytes({ dict, contents, transform }: PDFRawStream): Uint8Array {
  if (!transform) return contents;
  return decodePDFRawStream(PDFRawStream.of(PDFDict.withContext(dict.context), contents, transform)).decode();
}

function numberOf(dict: PDFDict, key: string): number {
  const found = dict.lookup(name(key));
  return found instanceof PDFNumber ? found.asNumber() : Number.NaN;
}
