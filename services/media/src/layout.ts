import type { Rendition } from '@tandem/contracts/media';

/** Pixels. */
export interface Size {
  width: number;
  height: number;
}

/** How a rendition comes about: the whole image scaled to `scaled`, then cropped or padded to `output`. */
export interface Layout {
  scaled: Size;
  output: Size;
}

type Box = Pick<Rendition, 'width' | 'height' | 'fit'>;

/**
 * Lays an image of size `source` out for a rendition. `inside` (the default) never enlarges, but for vectors; the other
 * fits keep their promise about the box, as CSS does, and enlarge when they must. With one of width and height, the
 * other follows from the aspect ratio; with neither, the size stays.
 */
export function layoutOf(source: Size, { width, height, fit = 'inside' }: Box, vector = false): Layout {
  const scales = [width && width / source.width, height && height / source.height].filter(
    (scale) => scale !== undefined,
  );
  if (width && height && fit === 'fill') return same({ width, height });
  const wanted = fit === 'cover' || fit === 'outside' ? Math.max(...scales) : Math.min(...scales);
  const scaled = scale(source, scales.length === 0 ? 1 : fit === 'inside' && !vector ? Math.min(1, wanted) : wanted);
  const boxed = width && height && (fit === 'cover' || fit === 'contain');
  return boxed ? { scaled, output: { width, height } } : same(scaled);
}

/** The smallest size from which every layout can be made by reducing; for a bitmap no larger than the source. */
export function workingSize(source: Size, layouts: readonly Layout[], vector: boolean): Size {
  const most = (side: keyof Size) => {
    const needed = Math.max(...layouts.map(({ scaled }) => scaled[side]));
    return vector ? needed : Math.min(source[side], needed);
  };
  return { width: most('width'), height: most('height') };
}

function scale({ width, height }: Size, factor: number): Size {
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

function same(size: Size): Layout {
  return { scaled: size, output: size };
}
