import { readFile } from 'node:fs/promises';
import type { ImageFormat, KeptMetadata } from '@tandem/contracts/image-options';
import { Rejected } from '@tandem/messaging/outcome';
import sharp from 'sharp';
import { similarityOf } from './compare-images.js';
import { decode } from './decode.js';
import { type Encoded, type EncodeOptions, encodeImage, type Picture } from './encode-image.js';
import { unreadable } from './image-errors.js';
import { jpegQuality } from './jpeg-quality.js';
import { carry, keptMetadata } from './kept-metadata.js';
import { palettedPng, smallestPng } from './optimize-png.js';
import { pipelineOf } from './pixels.js';
import { profileName } from './profile-name.js';
import type { SourceImage } from './source-image.js';
import { isLosslessWebp } from './webp-lossless.js';

/** What is to be made smaller, and how. */
export interface OptimizeOptions {
  maxMegapixels: number;
  maxBytes?: number;
  /** Kept by name. */
  metadata?: readonly KeptMetadata[];
}

/** A smaller file of the same image. */
export interface OptimizedImage extends Encoded {
  format: ImageFormat;
}

/** What comes out of it; `image` is absent when the source is as good as it gets. */
export interface Optimized {
  /** Bytes of the source. */
  size: number;
  image?: OptimizedImage;
}

/** Below it, another file is not worth having. */
const WORTHWHILE = 0.02;
/** Stricter than for renditions: the source is kept beside its copy, and may have been compressed before. */
const NO_VISIBLE_CHANGE = 0.998;
/** The highest quality that people save JPEGs with to be looked at. */
const FOR_THE_WEB = 85;
/** Above the ceilings, files grow and nothing is gained. */
const SEARCH = {
  jpeg: { target: NO_VISIBLE_CHANGE, start: 86, floor: 60, ceiling: 95 },
  webp: { target: NO_VISIBLE_CHANGE, start: 88, floor: 60, ceiling: 95 },
  avif: { target: NO_VISIBLE_CHANGE, start: 72, floor: 40, ceiling: 85 },
};

interface Task extends OptimizeOptions {
  source: SourceImage;
  bytes: Buffer;
}

/** Makes an image file smaller in its own format. Throws `Rejected` for formats without one, and when `maxBytes` is out of reach. */
export async function optimizeFile(source: SourceImage, options: OptimizeOptions): Promise<Optimized> {
  const { input, format } = source;
  if (format === 'svg' || format === 'tiff') throw cannotOptimize(format);
  const bytes = typeof input === 'string' ? await readFile(input) : input;
  const size = bytes.length;
  const { maxBytes = size } = options;
  const task = { ...options, maxBytes: size > maxBytes ? maxBytes : undefined, source, bytes };
  const made = await smaller(task).catch((error) => {
    throw error instanceof Rejected ? error : unreadable(format, error);
  });
  if (!made || made.data.length > size * (1 - WORTHWHILE)) {
    // Less than 2 % may still be what was asked for.
    if (size <= maxBytes) return { size };
    if (!made) throw cannotReach(size, maxBytes);
  }
  if (made.data.length > maxBytes) throw cannotReach(made.data.length, maxBytes);
  return { size, image: { ...made, format: format === 'heif' ? 'avif' : format } };
}

async function smaller(task: Task): Promise<Encoded | undefined> {
  const { source, bytes } = task;
  if (source.format === 'gif') return smallerGif(task);
  if (source.frames > 1 || isAnimatedPng(task))
    return source.format === 'webp' && source.upright ? smallerAnimation(task) : undefined;
  const { depth, space, chromaSubsampling } = await sharp(source.input, { limitInputPixels: false }).metadata();
  // What 8 bits or RGB cannot hold would change.
  if (depth !== 'uchar' || space === 'cmyk') return undefined;
  if (source.format === 'png') return smallerPng(task);
  if (source.format === 'webp') return isLosslessWebp(bytes) ? smallerLossless(task) : smallerLossy(task, 'webp', {});
  if (source.format === 'heif') return smallerLossy(task, 'avif', { chroma: '4:4:4' });
  return smallerJpeg(task, chromaSubsampling === '4:2:0' ? chromaSubsampling : '4:4:4');
}

/**
 * One that was saved for printing or editing gets the lowest quality that looks the same. One that was saved for the web
 * keeps its own, or every optimisation of its result would take a little more; the same tables and a better encoder
 * still save 3 to 12 %.
 */
async function smallerJpeg(task: Task, chroma: '4:4:4' | '4:2:0'): Promise<Encoded | undefined> {
  const own = jpegQuality(task.bytes) ?? SEARCH.jpeg.ceiling;
  const made = await pictureOf(task);
  const lowers = own > FOR_THE_WEB || task.maxBytes;
  const found = lowers ? await smallerLossy(task, 'jpeg', { chroma, ceiling: own }, made.picture) : undefined;
  if (found) return found;
  const same = { format: 'jpeg', quality: own, chroma, thorough: true, standardTables: true } as const;
  const again = await encodeImage(made.picture, same);
  const similarity = await similarityOf(made.pixels, again.data);
  return similarity >= NO_VISIBLE_CHANGE ? { ...again, quality: own, similarity } : undefined;
}

async function smallerLossy(
  task: Task,
  format: 'jpeg' | 'webp' | 'avif',
  { chroma, ceiling = SEARCH[format].ceiling }: Pick<EncodeOptions, 'chroma'> & { ceiling?: number },
  picture?: Picture,
): Promise<Encoded | undefined> {
  const { maxBytes } = task;
  const search = { ...SEARCH[format], ceiling: Math.min(ceiling, SEARCH[format].ceiling) };
  const how = { format, quality: 'auto', search, maxBytes, chroma, thorough: true } as const;
  const found = await encodeImage(picture ?? (await pictureOf(task)).picture, how);
  return maxBytes || (found.similarity ?? 0) >= NO_VISIBLE_CHANGE ? found : undefined;
}

async function smallerLossless(task: Task): Promise<Encoded | undefined> {
  const { picture } = await pictureOf(task);
  const made = await encodeImage(picture, { format: 'webp', lossless: true, thorough: true });
  return task.maxBytes && made.data.length > task.maxBytes ? smallerLossy(task, 'webp', {}, picture) : made;
}

async function smallerPng(task: Task): Promise<Encoded> {
  const { pixels, picture } = await pictureOf(task);
  const { width, height } = pixels;
  const data = await smallestPng(pixels, picture);
  if (!task.maxBytes || data.length <= task.maxBytes) return { data, width, height };
  const reduced = await palettedPng(picture());
  return { data: reduced, width, height, similarity: await similarityOf(task.bytes, reduced) };
}

/** Its palettes are used again, or made anew; either may be smaller, and the first is not always exact. */
async function smallerGif({ bytes }: Task): Promise<Encoded | undefined> {
  let best: Encoded | undefined;
  for (const reuse of [true, false]) {
    const pipeline = sharp(bytes, { animated: true, limitInputPixels: false, failOn: 'warning' });
    const gif = pipeline.gif({ effort: 7, reuse, keepDuplicateFrames: true });
    const { data, info } = await gif.toBuffer({ resolveWithObject: true });
    if (best && best.data.length <= data.length) continue;
    const similarity = await similarityOf(bytes, data);
    const { width, height, pageHeight = height, pages = 1 } = info;
    const frames = pages > 1 ? pages : undefined;
    if (similarity >= NO_VISIBLE_CHANGE) best = { data, width, height: pageHeight, frames, similarity };
  }
  return best;
}

async function smallerAnimation(task: Task): Promise<Encoded | undefined> {
  const picture = () => sharp(task.bytes, { animated: true, limitInputPixels: false, failOn: 'warning' });
  if (!isLosslessWebp(task.bytes)) return smallerLossy(task, 'webp', {}, picture);
  return encodeImage(picture, { format: 'webp', lossless: true, thorough: true });
}

/** The pixels, upright, and how to begin a file of them: with their profile and the metadata that are kept. */
async function pictureOf({ source, maxMegapixels, metadata = ['copyright'] }: Task) {
  const { icc } = source.rgbProfile ? await sharp(source.input, { limitInputPixels: false }).metadata() : {};
  const own = icc && !/srgb/i.test(profileName(icc) ?? '') ? 'own' : 'srgb';
  const pixels = await decode(source, source.size, maxMegapixels, own);
  const kept = { ...(await keptMetadata(source, metadata)), icc: pixels.icc };
  const bare = Object.values(kept).every((value) => value === undefined);
  return { pixels, picture: bare ? () => pipelineOf(pixels) : await carry(pixels, kept) };
}

/** Of which one frame is all that can be read here. The chunk stands before the pixels (PNG 3, 5.6). */
function isAnimatedPng({ source, bytes }: Task): boolean {
  return source.format === 'png' && bytes.subarray(0, Math.max(0, bytes.indexOf('IDAT'))).includes('acTL');
}

function cannotOptimize(format: 'svg' | 'tiff'): Rejected {
  const detail =
    format === 'svg'
      ? 'An SVG is text, and is not rewritten here. Minify it where it is made, for example with svgo.'
      : 'TIFF files are not rewritten here. Ask media.transform for webp or png instead.';
  return new Rejected('unsupported_media_type', detail);
}

function cannotReach(size: number, maxBytes: number): Rejected {
  const detail = `The image has ${size} bytes in its own format; maxBytes is ${maxBytes}. Allow more bytes, or ask media.transform for webp with maxBytes, or for a smaller size.`;
  return new Rejected('image_too_large', detail);
}
