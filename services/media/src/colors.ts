import type { ImageFormat, ImageOptions } from '@tandem/contracts/image-options';

/** As sharp takes it. */
export interface Rgba {
  r: number;
  g: number;
  b: number;
  /** 0 to 1 */
  alpha: number;
}

export const TRANSPARENT: Rgba = { r: 0, g: 0, b: 0, alpha: 0 };
const WHITE: Rgba = { r: 255, g: 255, b: 255, alpha: 1 };

/** Reads `#rgb`, `#rrggbb` and `#rrggbbaa`. */
export function colorOf(hex: string): Rgba {
  const digits = hex.length === 4 ? hex.replace(/[0-9a-f]/gi, '$&$&') : hex;
  const [r = 0, g = 0, b = 0, alpha = 255] = Buffer.from(digits.slice(1), 'hex');
  return { r, g, b, alpha: alpha / 255 };
}

/**
 * What is seen where the image does not cover: the background asked for; in JPEG, which has no transparency, over
 * white. Undefined where nothing is to be filled, so transparency stays.
 */
export function backgroundOf({
  background,
  format,
}: Pick<ImageOptions, 'background'> & { format: ImageFormat }): Rgba | undefined {
  const color = background === undefined ? undefined : colorOf(background);
  if (format !== 'jpeg' || color?.alpha === 1) return color?.alpha === 0 ? undefined : color;
  return color ? over(color, WHITE) : WHITE;
}

function over(top: Rgba, below: Rgba): Rgba {
  const mix = (side: 'r' | 'g' | 'b') => Math.round(top[side] * top.alpha + below[side] * (1 - top.alpha));
  return { r: mix('r'), g: mix('g'), b: mix('b'), alpha: 1 };
}
