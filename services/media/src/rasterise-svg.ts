/**
 * Runs in a process of its own (`draw-svg.ts`): librsvg cannot be interrupted (a filter or a dash pattern of a few bytes
 * keeps it busy for minutes, also when it only measures, and `sharp.timeout` does not reach it), but a process can be
 * killed.
 */
import sharp from 'sharp';
import type { Size } from './layout.js';

/** What {@link rasterise} draws: the pixels, and the dots per inch to draw them at. */
export interface Drawing extends Size {
  svg: Buffer;
  density: number;
}

/** The size that an SVG gives itself. */
export async function measure(svg: Buffer): Promise<Size> {
  const { width, height } = await sharp(svg, { limitInputPixels: false }).metadata();
  return { width, height };
}

/** The pixels, RGBA. */
export function rasterise({ svg, width, height, density }: Drawing): Promise<Buffer> {
  return sharp(svg, { density, limitInputPixels: false })
    .resize(width, height, { fit: 'fill' })
    .ensureAlpha()
    .raw()
    .toBuffer();
}
