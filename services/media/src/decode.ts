import sharp from 'sharp';
import { type DrawLimits, drawSvg } from './draw-svg.js';
import { unreadable } from './image-errors.js';
import type { Size } from './layout.js';
import type { Pixels } from './pixels.js';
import type { SourceImage } from './source-image.js';

/** Limits of {@link decode}. */
export interface DecodeOptions {
  seconds: number;
  maxMegapixels: number;
  svgLimits: DrawLimits;
}

/**
 * Decodes the source once, to `size`, from which all renditions are made. JPEG and WebP decode straight to a smaller
 * size where they can. Colours become sRGB by the embedded profile, 8 bits; the orientation is applied; EXIF, GPS, XMP
 * and the profile stay behind, because pixels hold none. Of an animation, the first frame.
 */
export async function decode(source: SourceImage, size: Size, options: DecodeOptions): Promise<Pixels> {
  const { seconds, maxMegapixels, svgLimits } = options;
  if (source.format === 'svg') return drawSvg(source.bytes, source.size, size, svgLimits);
  const limitInputPixels = maxMegapixels * 1_000_000;
  const pipeline = sharp(source.bytes, { failOn: 'warning', autoOrient: true, limitInputPixels })
    .timeout({ seconds })
    .resize(size.width, size.height, { fit: 'fill' });
  // libvips leaves 16-bit pixels in the colours of their own profile unless an output profile is named.
  if (source.deepProfile) pipeline.withIccProfile('srgb');
  try {
    const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: info.channels };
  } catch (error) {
    if (isTimeout(error)) throw error;
    throw unreadable(source.format, error);
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('timeout');
}
