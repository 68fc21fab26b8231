import type { ImageFormat } from '@tandem/contracts/image-options';
import type { Rendition } from '@tandem/contracts/media';
import { Rejected } from '@tandem/messaging/outcome';
import { checkPixels } from './image-errors.js';
import { type Layout, layoutOf, type Size } from './layout.js';

/** A rendition of which the format is settled. */
export type Wanted = Rendition & { format: ImageFormat };

/** What the layout of a rendition must keep to. */
export interface LayoutLimits {
  vector: boolean;
  frames: number;
  maxMegapixels: number;
}

/** Pixels a side. WebP has 14 bits (RFC 6386, 9.1), JPEG and GIF 16; AVIF's is the encoder's. */
const MAX_SIDE: Record<ImageFormat, number> = { webp: 16_383, avif: 16_384, jpeg: 65_535, gif: 65_535, png: 2 ** 31 };
const DEFAULT_MARGIN = 16;

/**
 * Lays out an image of `size` for a rendition; throws `Rejected` for what exceeds the limits or cannot be. Done again
 * when trimming has shown the true size.
 */
export function layOutRendition(size: Size, wanted: Wanted, { vector, frames, maxMegapixels }: LayoutLimits): Layout {
  const layout = layoutOf(size, wanted, vector);
  const what = `Rendition "${wanted.name}"`;
  // `cover` may scale a narrow image far beyond its box before it crops.
  checkPixels(what, layout.scaled, 1, maxMegapixels);
  const whole = extended(layout.output, wanted.extend);
  checkPixels(what, whole, frames, maxMegapixels);
  checkFormatHolds(wanted, whole);
  if (wanted.watermark) marginOf(wanted, whole);
  return layout;
}

/** The size with the margins that are added around it. */
export function extended({ width, height }: Size, extend: Wanted['extend']): Size {
  const { top, right, bottom, left } = marginsOf(extend);
  return { width: width + left + right, height: height + top + bottom };
}

/** The margins that are added around an image. */
export function marginsOf(extend: Wanted['extend'] = 0) {
  return typeof extend === 'number' ? { top: extend, right: extend, bottom: extend, left: extend } : extend;
}

/** Pixels between a watermark and the edges; throws `Rejected` when those asked for leave no room for it. */
export function marginOf({ name, watermark }: Pick<Wanted, 'name' | 'watermark'>, { width, height }: Size): number {
  const most = Math.ceil(Math.min(width, height) / 2) - 1;
  if (watermark?.margin === undefined) return Math.min(DEFAULT_MARGIN, most >> 1);
  if (watermark.margin <= most) return watermark.margin;
  const detail = `Rendition "${name}" is ${width} x ${height}; a margin of ${watermark.margin} leaves no room for its watermark. Make the margin smaller than ${most + 1}.`;
  throw new Rejected('invalid_input', detail);
}

function checkFormatHolds({ name, format }: Wanted, { width, height }: Size): void {
  if (Math.max(width, height) <= MAX_SIDE[format]) return;
  const others = (Object.keys(MAX_SIDE) as ImageFormat[]).filter((other) => Math.max(width, height) <= MAX_SIDE[other]);
  const title = format === 'webp' ? 'WebP' : format.toUpperCase();
  const detail = `Rendition "${name}" is ${width} x ${height}; ${title} holds at most ${MAX_SIDE[format]} pixels a side. Ask for less, or for ${others.join(' or ')}.`;
  throw new Rejected('image_too_large', detail);
}
