import type { ImageFormat } from '@tandem/contracts/image-options';
import type { Rendition } from '@tandem/contracts/media';
import { Rejected } from '@tandem/messaging/outcome';
import { checkPixels } from './image-errors.js';
import { type Layout, layoutOf, type Size, workingSize } from './layout.js';
import { PLACEHOLDER_SIDE } from './placeholder.js';
import type { SourceImage } from './source-image.js';

/** The VP8 bitstream has 14 bits for each side (RFC 6386, 9.1). */
const WEBP_MAX_SIDE = 16_383;

/** A rendition, and how it comes about. */
export interface PlannedRendition {
  rendition: Rendition & { format: ImageFormat };
  layout: Layout;
}

/** What is to be made of a source. */
export interface Plan {
  renditions: PlannedRendition[];
  /** Size of the pixels that the placeholder is made from; undefined when none is wanted. */
  placeholder: Size | undefined;
  /** Size to decode to, so that every rendition is a reduction where it can be. */
  workingSize: Size;
  /** Pixels that the work holds in memory at once. */
  pixels: number;
}

/** Lays out the renditions of an image; throws `Rejected('image_too_large')` for one that would exceed the limits. */
export function planRenditions(
  { size, format }: SourceImage,
  renditions: readonly Rendition[],
  { placeholders, maxMegapixels }: { placeholders: boolean; maxMegapixels: number },
): Plan {
  const vector = format === 'svg';
  const planned = renditions.map((rendition) => {
    const layout = layoutOf(size, rendition, vector);
    // `cover` may scale a narrow image far beyond its box before it crops.
    for (const part of [layout.scaled, layout.output])
      checkPixels(`Rendition "${rendition.name}"`, part, 1, maxMegapixels);
    const whole = { ...rendition, format: rendition.format ?? ('webp' as const) };
    checkFormatHolds(whole, layout);
    return { rendition: whole, layout };
  });
  const preview = layoutOf(size, { width: PLACEHOLDER_SIDE, height: PLACEHOLDER_SIDE, fit: 'inside' }, vector);
  const layouts = [...planned.map(({ layout }) => layout), ...(placeholders ? [preview] : [])];
  const working = workingSize(size, layouts, vector);
  return {
    renditions: planned,
    placeholder: placeholders ? preview.output : undefined,
    workingSize: working,
    pixels: Math.max(area(size), area(working)),
  };
}

function checkFormatHolds({ name, format }: Rendition, { output }: Layout): void {
  if (format !== 'webp' || Math.max(output.width, output.height) <= WEBP_MAX_SIDE) return;
  const detail = `Rendition "${name}" is ${output.width} x ${output.height}; WebP holds at most ${WEBP_MAX_SIDE} pixels a side. Ask for less, or for png, jpeg or avif.`;
  throw new Rejected('image_too_large', detail);
}

function area({ width, height }: Size): number {
  return width * height;
}
