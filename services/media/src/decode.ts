import sharp from 'sharp';
import { unreadable } from './image-errors.js';
import type { Size } from './layout.js';
import type { Pixels } from './pixels.js';
import type { SourceImage } from './source-image.js';

/** What librsvg takes one CSS inch for. */
const BASE_DENSITY = 72;
/** sharp's limit. */
const MAX_DENSITY = 100_000;

/**
 * Decodes the source once, to `size`, from which all renditions are made. JPEG and WebP decode straight to a smaller
 * size where they can. Colours become sRGB by the embedded profile, 8 bits; the orientation is applied; EXIF, GPS, XMP
 * and the profile stay behind, because pixels hold none. Of an animation, the first frame. A vector is drawn at `size`.
 */
export async function decode(source: SourceImage, size: Size, maxMegapixels: number): Promise<Pixels> {
  const limitInputPixels = maxMegapixels * 1_000_000;
  const vector = source.format === 'svg';
  const options = vector ? { density: densityFor(source.size, size), limitInputPixels: false } : { limitInputPixels };
  const pipeline = sharp(source.input, { failOn: 'warning', autoOrient: true, ...options }).resize(
    size.width,
    size.height,
    { fit: 'fill' },
  );
  if (vector) pipeline.ensureAlpha();
  // libvips leaves 16-bit pixels in the colours of their own profile unless an output profile is named.
  if (source.deepProfile) pipeline.withIccProfile('srgb');
  try {
    const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: info.channels };
  } catch (error) {
    throw unreadable(source.format, error);
  }
}

/** Dots per inch at which a vector of `intrinsic` size covers `size`, so that it is crisp. */
function densityFor(intrinsic: Size, { width, height }: Size): number {
  const scale = Math.max(width / intrinsic.width, height / intrinsic.height);
  return Math.min(MAX_DENSITY, Math.max(1, BASE_DENSITY * scale));
}
