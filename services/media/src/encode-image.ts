import type { ImageFormat } from '@tandem/contracts/image-options';
import { Rejected } from '@tandem/messaging/outcome';
import sharp, { type OutputInfo, type Sharp } from 'sharp';
import { luminanceOf, roundSimilarity } from './compare-images.js';
import {
  DEFAULT_QUALITY,
  ENCODERS,
  type EncoderSettings,
  LOOKS_THE_SAME,
  LOWEST_QUALITY,
  type LossyFormat,
} from './encoders.js';
import { type Pixels, pipelineOf, pixelsOf } from './pixels.js';
import { SAMPLE_PIXELS, samplePixels } from './sample-pixels.js';
import { searchBytes } from './search-bytes.js';
import { type QualitySearch, searchQuality } from './search-quality.js';
import { similarity } from './similarity.js';

/** What to encode: pixels, or something that gives a new pipeline of the finished picture each time it is called. */
export type Picture = Pixels | (() => Sharp);

/** How to encode. */
export interface EncodeOptions extends Pick<EncoderSettings, 'lossless' | 'thorough' | 'chroma' | 'standardTables'> {
  format: ImageFormat;
  /** `auto`: the lowest at which the picture looks the same. */
  quality?: number | 'auto';
  /** Where `auto` searches, as far as it is not as for a rendition. */
  search?: Partial<QualitySearch>;
  /** The quality is lowered until the file is no larger. */
  maxBytes?: number;
  /** Begins the sentence of a refusal. */
  what?: string;
}

/** An encoded picture. */
export interface Encoded {
  data: Buffer;
  width: number;
  /** Of one frame. */
  height: number;
  /** When there are several. */
  frames?: number;
  /** What was found, when it was searched for. */
  quality?: number;
  /** Against the pixels, when it was measured; 1 is equal. */
  similarity?: number;
}

/**
 * Encodes a picture. `quality: 'auto'` takes at most 4 encodings, of a sample when the picture is large; `maxBytes` at
 * most 5. Throws `Rejected('image_too_large')` when not even the lowest quality fits.
 */
export async function encodeImage(picture: Picture, options: EncodeOptions): Promise<Encoded> {
  const { format, quality, maxBytes, lossless } = options;
  const pipeline = typeof picture === 'function' ? picture : () => pipelineOf(picture);
  const encode = (chosen?: number) => encodeOnce(pipeline(), options, chosen);
  if (format === 'png' || format === 'gif' || lossless) return encode();
  const wanted = quality === 'auto' ? await encodeAlike(picture, format, options) : undefined;
  if (maxBytes === undefined) return wanted ?? encode(quality as number | undefined);
  if (wanted && wanted.data.length <= maxBytes) return wanted;
  return encodeWithin(
    maxBytes,
    wanted?.quality ?? (quality as number | undefined) ?? DEFAULT_QUALITY[format],
    { format, what: options.what },
    encode,
  );
}

async function encodeOnce(pipeline: Sharp, options: EncodeOptions, quality?: number): Promise<Encoded> {
  const settings: EncoderSettings = { ...options, quality };
  const { data, info } = await ENCODERS[options.format](pipeline, settings).toBuffer({ resolveWithObject: true });
  return { data, ...sizeOf(info) };
}

function sizeOf({ width, height, pageHeight, pages }: OutputInfo): Pick<Encoded, 'width' | 'height' | 'frames'> {
  return { width, height: pageHeight ?? height, ...(pages && pages > 1 && { frames: pages }) };
}

/** The smallest file that looks the same. */
async function encodeAlike(
  picture: Picture,
  format: LossyFormat,
  options: EncodeOptions,
): Promise<Required<Pick<Encoded, 'quality' | 'similarity'>> & Encoded> {
  const pixels = typeof picture === 'function' ? await pixelsOf(picture()) : picture;
  const whole = pixels.width * pixels.height <= SAMPLE_PIXELS;
  const sample = samplePixels(pixels);
  const seen = await luminanceOf(pipelineOf(sample));
  const pipeline = () => (whole && typeof picture === 'function' ? picture() : pipelineOf(sample));
  const search = { ...LOOKS_THE_SAME[format], ...options.search };
  const found = await searchQuality(search, async (quality) => {
    const encoded = await encodeOnce(pipeline(), options, quality);
    // Without the profile, which is in the pixels' own numbers when it is kept.
    const again = await luminanceOf(sharp(encoded.data, { limitInputPixels: false, ignoreIcc: true, animated: true }));
    return { ...encoded, quality, similarity: similarity(seen, again) };
  });
  const rounded = { ...found, similarity: roundSimilarity(found.similarity) };
  if (whole) return rounded;
  const full = typeof picture === 'function' ? picture() : pipelineOf(picture);
  return { ...rounded, ...(await encodeOnce(full, options, found.quality)) };
}

async function encodeWithin(
  maxBytes: number,
  ceiling: number,
  options: { format: LossyFormat; what?: string },
  encode: (quality: number) => Promise<Encoded>,
): Promise<Encoded> {
  const { what = 'The image' } = options;
  const floor = Math.min(LOWEST_QUALITY, ceiling);
  const found = await searchBytes({ maxBytes, floor, ceiling }, async (quality) => ({
    ...(await encode(quality)),
    quality,
  }));
  if (found.data.length <= maxBytes) return found;
  const width = widthThatFits(found, options.format, maxBytes);
  const advice = width ? `Ask for a smaller size, about ${width} pixels wide, or allow more bytes` : 'Allow more bytes';
  const detail = `${what} has ${found.data.length} bytes at the lowest quality (${floor}); maxBytes is ${maxBytes}. ${advice}.`;
  throw new Rejected('image_too_large', detail);
}

/** Bytes before the first pixel. */
const HEADER: Record<LossyFormat, number> = { jpeg: 300, avif: 300, webp: 30 };

/** Likely, not surely: a reduction of the width to a half leaves 31 to 43 % of the bytes of photographs. */
function widthThatFits({ data, width }: Encoded, format: LossyFormat, maxBytes: number): number | undefined {
  const room = maxBytes - HEADER[format];
  if (room <= 0) return undefined;
  const share = room / (data.length - HEADER[format]);
  return Math.max(1, Math.floor(width * share ** 0.75 * 0.95));
}
