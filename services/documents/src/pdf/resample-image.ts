import { inflateSync } from 'node:zlib';
import {
  decodePDFRawStream,
  PDFArray,
  PDFBool,
  PDFDict,
  PDFName,
  type PDFObject,
  PDFRawStream,
  PDFStream,
} from '@cantoo/pdf-lib';
import sharp, { type Sharp } from 'sharp';
import { coloursOf, type ImageColours } from './image-colours.js';
import { type PixelCoding, pixelsOf } from './image-pixels.js';
import type { PdfDictionary } from './pdf-objects.js';
import { numberIn } from './pdf-objects-walk.js';

/** An image with fewer pixels. */
export interface ResampledImage {
  data: Buffer;
  /** What its dictionary says now, as `qpdf --json` writes it, and null for what it no longer says; the rest stays. */
  entries: PdfDictionary;
}

const name = PDFName.of;
const QUALITY = 80;
/** Of a JPEG in a Flate stream. */
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
  if (factor > WORTH || !colours || !isPlain(dict, colours)) return undefined;
  const [width, height, bits] = ['Width', 'Height', 'BitsPerComponent'].map((key) => numberIn(dict, key) ?? Number.NaN);
  const before = { width: width!, height: height! };
  const after = { width: Math.ceil(width! * factor), height: Math.ceil(height! * factor) };
  const { filters, parameters } = codingOf(dict);
  const stored = storedBytes(image);
  const inflated = () => inflateSync(stored, { maxOutputLength: MOST_BYTES });
  let made: ResampledImage | undefined;
  if (filters === 'FlateDecode')
    made = await resampledPixels(stored, { ...before, bits: bits!, colours, parameters }, after);
  else if (filters === 'DCTDecode' && !parameters) made = await resampledJpeg(stored, before, after, colours);
  else if (filters === 'FlateDecode DCTDecode' && !parameters)
    made = await resampledJpeg(inflated(), before, after, colours);
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
  return !matte && !keyed && !odd && dict.lookup(name('ImageMask')) !== PDFBool.True;
}

/** The names of its filters, and what the last of them is told. */
function codingOf(dict: PDFDict): { filters: string; parameters?: PDFDict } {
  const listed = (key: string): (PDFObject | undefined)[] => {
    const entry = dict.lookup(name(key));
    return entry instanceof PDFArray ? entry.asArray().map((_, at) => entry.lookup(at)) : [entry];
  };
  const filters = listed('Filter').map((one) => (one instanceof PDFName ? one.decodeText() : ''));
  const parameters = listed('DecodeParms').find((one) => one instanceof PDFDict);
  return { filters: filters.join(' '), parameters };
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
  packed: Uint8Array,
  coding: PixelCoding,
  after: Size,
): Promise<ResampledImage | undefined> {
  const { width, height, colours } = coding;
  const { channels, table } = colours;
  const pixels = pixelsOf(packed, coding);
  if (!pixels) return undefined;
  const raw = sharp(pixels, { raw: { width, height, channels } });
  const png = await smaller(raw, after, colours).png({ compressionLevel: 9, adaptiveFiltering: true }).toBuffer();
  const predictors = { '/Predictor': 15, '/Colors': channels, '/BitsPerComponent': 8, '/Columns': after.width };
  const space: PdfDictionary = table ? { '/ColorSpace': table.space, '/BitsPerComponent': 8 } : {};
  return { data: pngData(png), entries: { ...space, '/Filter': '/FlateDecode', '/DecodeParms': predictors } };
}

/** A picture of one channel stays one: sharp would make it RGB. */
function smaller(picture: Sharp, { width, height }: Size, { channels }: Pick<ImageColours, 'channels'>): Sharp {
  return picture.resize({ width, height, fit: 'fill' }).toColourspace(channels === 1 ? 'b-w' : 'srgb');
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
