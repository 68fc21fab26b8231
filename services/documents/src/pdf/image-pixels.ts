import { inflateSync } from 'node:zlib';
import type { PDFDict } from '@cantoo/pdf-lib';
import type { ImageColours } from './image-colours.js';
import { numberIn } from './pdf-objects-walk.js';
import { unpredicted } from './png-predictors.js';

/** Of images that are read whole. */
const MOST_PIXELS = 50_000_000;

/** How an image without loss is stored. */
export interface PixelCoding {
  width: number;
  height: number;
  /** Of a number: 8, or fewer for a place in a table. */
  bits: number;
  colours: ImageColours;
  /** Of FlateDecode. */
  parameters?: PDFDict;
}

/** The pixels of an image that is packed by Flate, a byte for each channel; undefined for other depths, and what is not all there. */
export function pixelsOf(packed: Uint8Array, coding: PixelCoding): Uint8Array | undefined {
  const { width, height, bits, colours, parameters } = coding;
  const { table, channels } = colours;
  if ((table ? ![1, 2, 4, 8].includes(bits) : bits !== 8) || !(width * height <= MOST_PIXELS)) return undefined;
  const numbers = table ? 1 : channels;
  const row = Math.ceil((width * numbers * bits) / 8);
  // What is more than its picture is damaged, or built to harm.
  const data = inflateSync(packed, { maxOutputLength: (row + 1) * height + 16 });
  const samples = isPredicted(parameters, { Colors: numbers, BitsPerComponent: bits, Columns: width })
    ? unpredicted(data, row, height, Math.max(1, (numbers * bits) >> 3))
    : data;
  if (!samples || samples.length < row * height) return undefined;
  return table ? coloured(samples, row, coding, table.bytes) : samples.subarray(0, row * height);
}

/** Whether PNG predictors were used. Throws for others, and for some that do not fit the image. */
function isPredicted(parameters: PDFDict | undefined, expected: Record<string, number>): boolean {
  const predictor = (parameters && numberIn(parameters, 'Predictor')) ?? 1;
  if (!parameters || predictor === 1) return false;
  const defaults: Record<string, number> = { Colors: 1, BitsPerComponent: 8, Columns: 1 };
  const fits = Object.entries(expected).every(([key, value]) => (numberIn(parameters, key) ?? defaults[key]) === value);
  if (predictor < 10 || !fits) throw new RangeError('The predictors do not fit the image.');
  return true;
}

/** The colours that places in a table stand for. */
function coloured(
  samples: Uint8Array,
  row: number,
  { width, height, bits, colours: { channels } }: PixelCoding,
  table: Uint8Array,
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
