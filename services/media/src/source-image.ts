import sharp, { type Metadata } from 'sharp';
import { type DrawLimits, measureSvg } from './draw-svg.js';
import { checkPixels, unreadable } from './image-errors.js';
import type { Size } from './layout.js';
import { type SourceFormat, sniff } from './sniff.js';
import { checkEmbeddedImages } from './svg-images.js';
import { checkSvg } from './svg-rules.js';

/** A source whose header was read and found within the limits. Nothing is decoded yet. */
export interface SourceImage {
  bytes: Buffer;
  format: SourceFormat;
  /** As seen, with the orientation applied. */
  size: Size;
  /** More than 8 bits a channel, in colours of a profile of its own. */
  deepProfile: boolean;
}

/** Reads type and size of an image, and refuses what is not an image or too large, before a pixel is decoded. */
export async function inspect(bytes: Buffer, maxMegapixels: number, svgLimits: DrawLimits): Promise<SourceImage> {
  const format = await sniff(bytes);
  if (format === 'svg') return inspectSvg(bytes, maxMegapixels, svgLimits);
  const { width, height, pages = 1, autoOrient, depth, hasProfile } = await readHeader(bytes, format);
  checkPixels('The image', { width, height }, pages, maxMegapixels);
  return { bytes, format, size: autoOrient, deepProfile: depth !== 'uchar' && hasProfile };
}

async function inspectSvg(bytes: Buffer, maxMegapixels: number, limits: DrawLimits): Promise<SourceImage> {
  await checkEmbeddedImages(checkSvg(bytes), maxMegapixels);
  const size = await measureSvg(bytes, limits);
  checkPixels('The image', size, 1, maxMegapixels);
  return { bytes, format: 'svg', size, deepProfile: false };
}

async function readHeader(bytes: Buffer, format: SourceFormat): Promise<Metadata> {
  const metadata = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw unreadable(format, cause);
    });
  // Both sniffers must agree, or a crafted file is checked as one format and decoded as another.
  if (metadata.format !== format) throw unreadable(format, new Error(`libvips reads it as ${metadata.format}`));
  return metadata;
}
