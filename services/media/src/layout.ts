import type { ImageOptions } from '@tandem/contracts/image-options';

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

/** A part of an image. */
export interface Region extends Size {
  left: number;
  top: number;
}

/** How a rendition comes about: the whole image scaled to `scaled`, then cropped or padded to `output`. */
export interface Layout {
  scaled: Size;
  output: Size;
}

/** The options that decide about sizes. */
export type Box = Pick<ImageOptions, 'width' | 'height' | 'dpr' | 'fit' | 'enlarge'>;

/**
 * Lays an image of size `source` out for a rendition. `inside` (the default) does not enlarge a bitmap unless told to;
 * the other fits keep their promise about the box, as CSS does, unless told not to: then `cover` makes the box smaller
 * in proportion, `fill` each side of it, and `contain` pads more. With one of width and height, the other follows from
 * the aspect ratio; with neither, the size stays.
 */
export function layoutOf(source: Size, options: Box, vector = false): Layout {
  const { dpr = 1, fit = 'inside', enlarge = fit !== 'inside' } = options;
  const [width, height] = [options.width, options.height].map((side) => side && Math.round(side * dpr));
  const mayEnlarge = enlarge || vector;
  if (width && height && fit === 'fill') {
    const most = mayEnlarge ? { width, height } : source;
    return same({ width: Math.min(width, most.width), height: Math.min(height, most.height) });
  }
  const scales = [width && width / source.width, height && height / source.height].filter(
    (scale) => scale !== undefined,
  );
  if (scales.length === 0) return same(scale(source, 1));
  const wanted = fit === 'cover' || fit === 'outside' ? Math.max(...scales) : Math.min(...scales);
  const factor = mayEnlarge ? wanted : Math.min(1, wanted);
  const scaled = scale(source, factor);
  if (!width || !height) return same(scaled);
  if (fit === 'contain') return { scaled, output: { width, height } };
  return fit === 'cover' ? { scaled, output: scale({ width, height }, factor / wanted) } : same(scaled);
}

/** The size of an image after `degrees` of rotation; at an angle, of the upright box around it, as libvips rounds it. */
export function turned({ width, height }: Size, degrees = 0): Size {
  if (degrees % 90 === 0) return degrees % 180 === 0 ? { width, height } : { width: height, height: width };
  const radians = (degrees / 180) * Math.PI;
  const [cos, sin] = [Math.abs(Math.cos(radians)), Math.abs(Math.sin(radians))];
  return { width: Math.round(width * cos + height * sin), height: Math.round(width * sin + height * cos) };
}

/** Scales in proportion, to whole pixels, at least one. */
export function scale({ width, height }: Size, factor: number): Size {
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

/** Whether two sizes are equal. */
export function sameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

function same(size: Size): Layout {
  return { scaled: size, output: size };
}
