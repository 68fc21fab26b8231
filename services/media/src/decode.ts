import sharp, { type Sharp } from 'sharp';
import { unreadable } from './image-errors.js';
import { type Size, sameSize } from './layout.js';
import { type Pixels, pixelsOf } from './pixels.js';
import type { SourceImage } from './source-image.js';

/** What librsvg takes one CSS inch for. */
const BASE_DENSITY = 72;
/** sharp's limit. */
const MAX_DENSITY = 100_000;

/** All frames of an animation, below each other. */
export interface Frames extends Pixels {
  /** Of one frame. */
  height: number;
  frames: number;
  /** Milliseconds that each is shown. */
  delay: number[];
  /** How often it plays; 0 is for ever. */
  loop: number;
}

/** A pipeline that reads the first frame of the source, upright; a vector at about `size`. Colours become sRGB. */
export function pipelineFrom(source: SourceImage, size: Size, maxMegapixels: number): Sharp {
  const limitInputPixels = maxMegapixels * 1_000_000;
  const vector = source.format === 'svg';
  const options = vector ? { density: densityFor(source.size, size), limitInputPixels: false } : { limitInputPixels };
  const pipeline = sharp(source.input, { failOn: 'warning', autoOrient: true, ...options });
  return vector ? pipeline.ensureAlpha() : pipeline;
}

/**
 * Decodes the source once, to `size`, from which all renditions are made. JPEG and WebP decode straight to a smaller
 * size where they can. Colours become sRGB by the embedded profile, 8 bits; the orientation is applied; EXIF, GPS, XMP
 * and the profile stay behind, because pixels hold none. Of an animation, the first frame. A vector is drawn at `size`.
 *
 * @param colors `own` leaves the colours as the profile of the source, which the pixels then carry, has them
 */
export async function decode(
  source: SourceImage,
  size: Size,
  maxMegapixels: number,
  colors: 'srgb' | 'own' = 'srgb',
): Promise<Pixels> {
  const pipeline = pipelineFrom(source, size, maxMegapixels);
  if (source.format === 'svg' || !sameSize(source.size, size))
    pipeline.resize(size.width, size.height, { fit: 'fill' });
  if (colors === 'own') pipeline.keepIccProfile();
  // libvips leaves 16-bit pixels in the colours of their own profile unless an output profile is named.
  else if (source.deepProfile) pipeline.withIccProfile('srgb');
  try {
    const icc = colors === 'own' ? (await sharp(source.input).metadata()).icc : undefined;
    return await pixelsOf(pipeline, icc);
  } catch (error) {
    throw unreadable(source.format, error);
  }
}

/** Decodes all frames of an animation, in sRGB. */
export async function decodeFrames(source: SourceImage, maxMegapixels: number): Promise<Frames> {
  const options = { animated: true, failOn: 'warning', limitInputPixels: maxMegapixels * 1_000_000 } as const;
  try {
    const { delay = [], loop = 0 } = await sharp(source.input, options).metadata();
    const { height, ...strip } = await pixelsOf(sharp(source.input, options));
    return { ...strip, height: height / source.frames, frames: source.frames, delay, loop };
  } catch (error) {
    throw unreadable(source.format, error);
  }
}

/** Dots per inch at which a vector of `intrinsic` size covers `size`, so that it is crisp. */
function densityFor(intrinsic: Size, { width, height }: Size): number {
  const scale = Math.max(width / intrinsic.width, height / intrinsic.height);
  return Math.min(MAX_DENSITY, Math.max(1, BASE_DENSITY * scale));
}
