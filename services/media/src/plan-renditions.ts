import type { Rendition } from '@tandem/contracts/media';
import { Rejected } from '@tandem/messaging/outcome';
import { checkPixels } from './image-errors.js';
import { extended, layOutRendition, type Wanted } from './lay-out-rendition.js';
import { type Layout, layoutOf, type Size, scale, turned } from './layout.js';
import { PLACEHOLDER_SIDE } from './placeholder.js';
import type { SourceImage } from './source-image.js';

/**
 * What a rendition is made from: the sRGB pixels that all share, those in the source's own colours, all frames of an
 * animation, or the file itself in one go.
 */
export type Origin = 'srgb' | 'own' | 'frames' | 'file';

/** A rendition, and how it comes about. */
export interface PlannedRendition {
  rendition: Wanted;
  /** As far as the header tells: what `trim` leaves is laid out again. */
  layout: Layout;
  origin: Origin;
}

/** What is to be made of a source. */
export interface Plan {
  renditions: PlannedRendition[];
  /** Size of the pixels that the placeholder is made from; undefined when none is wanted. */
  placeholder: Size | undefined;
  /** Sizes to decode to, so that every rendition is a reduction where it can be; undefined when none is made from it. */
  workingSize: Partial<Record<Origin, Size>>;
  /** Pixels that the work holds in memory at once. */
  pixels: number;
}

/** Settings of {@link planRenditions}. */
export interface PlanOptions {
  placeholders: boolean;
  maxMegapixels: number;
}

/** Lays out the renditions of an image; throws `Rejected` for one that is impossible or would exceed the limits. */
export function planRenditions(
  source: SourceImage,
  renditions: readonly Rendition[],
  { placeholders, maxMegapixels }: PlanOptions,
): Plan {
  const vector = source.format === 'svg';
  const needed: Partial<Record<Origin, Size[]>> = {};
  const alone = renditions.length === 1 && !placeholders;
  const planned = renditions.map((given): PlannedRendition => {
    const rendition = { ...given, format: given.format ?? ('webp' as const) };
    const origin = originOf(source, rendition, alone);
    const { crop, rotate } = rendition;
    checkCrop(source.size, rendition);
    const frames = origin === 'frames' ? source.frames : 1;
    const layout = layOutRendition(turned(crop ?? source.size, rotate), rendition, { vector, frames, maxMegapixels });
    const size = sizeToDecode(source.size, rendition, layout, vector, maxMegapixels);
    checkPixels(`Rendition "${rendition.name}", before it is cut to size,`, turned(size, rotate), 1, maxMegapixels);
    needed[origin] = [...(needed[origin] ?? []), size];
    return { rendition, layout, origin };
  });
  const preview = layoutOf(source.size, { width: PLACEHOLDER_SIDE, height: PLACEHOLDER_SIDE, fit: 'inside' }, vector);
  if (placeholders) needed.srgb = [...(needed.srgb ?? []), preview.output];
  const workingSize = Object.fromEntries(Object.entries(needed).map(([origin, sizes]) => [origin, largest(sizes)]));
  return {
    renditions: planned,
    placeholder: placeholders ? preview.output : undefined,
    workingSize,
    pixels: pixelsHeld(source, planned, Object.values(workingSize)),
  };
}

/** One pipeline from file to file is a tenth faster than two, where nothing must be looked at on the way. */
function originOf(source: SourceImage, rendition: Wanted, alone: boolean): Origin {
  const { animated, colorProfile, trim, rotate = 0, quality, maxBytes, metadata, fit } = rendition;
  if (animated && source.frames > 1 && ['gif', 'webp'].includes(source.format)) return 'frames';
  if (colorProfile === 'keep' && source.rgbProfile) return 'own';
  const encodedOnce = quality !== 'auto' && maxBytes === undefined && !metadata?.length;
  // sharp cuts from an image that lies on its side only when it has decoded all of it.
  const cutsTurned = !source.upright && (rendition.crop || fit === 'cover');
  // How large sharp draws a vector before it is resized is not known to the pixel.
  const cutsVector = source.format === 'svg' && rendition.crop;
  const direct = !trim && rotate % 90 === 0 && !cutsTurned && !cutsVector && !source.deepProfile;
  return alone && encodedOnce && direct ? 'file' : 'srgb';
}

function checkCrop(source: Size, { name, crop }: Wanted): void {
  if (!crop || (crop.left + crop.width <= source.width && crop.top + crop.height <= source.height)) return;
  const detail = `Rendition "${name}" crops ${crop.width} x ${crop.height} at (${crop.left}, ${crop.top}), but the image, upright, is ${source.width} x ${source.height}. Keep the crop inside it.`;
  throw new Rejected('invalid_input', detail);
}

/** The size of the whole source at which the rendition is a reduction. Parts of bitmaps are cut at full size, to the pixel. */
function sizeToDecode(
  source: Size,
  rendition: Wanted,
  { scaled }: Layout,
  vector: boolean,
  maxMegapixels: number,
): Size {
  const { crop, trim, rotate = 0 } = rendition;
  if ((crop || trim) && !vector) return source;
  const part = crop ?? source;
  const shape = turned(part, rotate);
  if (rotate % 90 !== 0) {
    const factor = Math.max(scaled.width / shape.width, scaled.height / shape.height);
    // Turned at twice the size where that may be, since reducing it then smooths the slanted edges.
    const sizes = [2 * factor, factor].map((each) => scale(source, vector ? each : Math.min(1, each)));
    return sizes.find((size) => area(turned(size, rotate)) <= maxMegapixels * 1_000_000) ?? sizes[1]!;
  }
  const upright = turned(scaled, rotate);
  const width = Math.max(1, Math.round((source.width * upright.width) / part.width));
  const height = Math.max(1, Math.round((source.height * upright.height) / part.height));
  return vector ? { width, height } : { width: Math.min(source.width, width), height: Math.min(source.height, height) };
}

function largest(sizes: readonly Size[]): Size {
  return {
    width: Math.max(...sizes.map(({ width }) => width)),
    height: Math.max(...sizes.map(({ height }) => height)),
  };
}

function pixelsHeld({ size, frames }: SourceImage, planned: PlannedRendition[], decoded: (Size | undefined)[]): number {
  const animated = planned.filter(({ origin }) => origin === 'frames');
  const strips = animated.map(({ rendition, layout }) => area(extended(layout.output, rendition.extend)) * frames);
  const stills = decoded.map((working) => (working ? area(working) : 0));
  return Math.max(area(size) * (animated.length > 0 ? frames : 1) + Math.max(0, ...strips), ...stills);
}

function area({ width, height }: Size): number {
  return width * height;
}
