import { open, readFile } from 'node:fs/promises';
import { SNIFF_BYTES } from '@tandem/storage/sniff-type';
import sharp, { type Metadata } from 'sharp';
import { checkPixels, unreadable } from './image-errors.js';
import type { Size } from './layout.js';
import { type SourceFormat, sniff } from './sniff.js';
import { checkEmbeddedImages } from './svg-images.js';
import { checkSvg } from './svg-rules.js';

/** Path of a file, or its bytes. */
export type ImageInput = string | Buffer;

/** A source whose header was read and found within the limits. Nothing is decoded yet. */
export interface SourceImage {
  input: ImageInput;
  format: SourceFormat;
  /** Of the first frame, as seen, with the orientation applied. */
  size: Size;
  frames: number;
  /** More than 8 bits a channel, in colours of a profile of its own. */
  deepProfile: boolean;
  /** The colours are red, green and blue by a profile in the file. */
  rgbProfile: boolean;
  /** The pixels are stored as they are seen. */
  upright: boolean;
  hasAlpha: boolean;
}

/** Reads type and size of an image, and refuses what is not an image or too large, before a pixel is decoded. */
export async function openImage(input: ImageInput, maxMegapixels: number): Promise<SourceImage> {
  const format = await sniff(typeof input === 'string' ? await headOf(input) : input);
  if (format === 'svg') return openSvg(typeof input === 'string' ? await readFile(input) : input, maxMegapixels);
  const header = await readHeader(input, format);
  const { width, height, pages: frames = 1, autoOrient: size, hasAlpha, hasProfile, orientation = 1 } = header;
  checkPixels('The image', { width, height }, frames, maxMegapixels);
  const deepProfile = header.depth !== 'uchar' && hasProfile;
  const rgbProfile = hasProfile && ['srgb', 'rgb16'].includes(header.space);
  return { input, format, size, frames, deepProfile, rgbProfile, upright: orientation === 1, hasAlpha };
}

/** By its bytes, so that what was checked is what is drawn. */
async function openSvg(input: Buffer, maxMegapixels: number): Promise<SourceImage> {
  await checkEmbeddedImages(checkSvg(input), maxMegapixels);
  const { width, height } = await sharp(input, { limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw unreadable('svg', cause);
    });
  checkPixels('The image', { width, height }, 1, maxMegapixels);
  const vector = { frames: 1, deepProfile: false, rgbProfile: false, upright: true, hasAlpha: true };
  return { input, format: 'svg', size: { width, height }, ...vector };
}

async function readHeader(input: ImageInput, format: SourceFormat): Promise<Metadata> {
  const metadata = await sharp(input, { limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw unreadable(format, cause);
    });
  // Both sniffers must agree, or a crafted file is checked as one format and decoded as another.
  if (metadata.format !== format) throw unreadable(format, new Error(`libvips reads it as ${metadata.format}`));
  return metadata;
}

async function headOf(path: string): Promise<Buffer> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
  return buffer.subarray(0, bytesRead);
}
