import { rgbaToThumbHash } from 'thumbhash';
import type { Size } from './layout.js';
import { type Pixels, pipelineOf } from './pixels.js';

/** Side of the box that ThumbHash takes at most. */
export const PLACEHOLDER_SIDE = 100;
const HALF_VISIBLE = 128;

/** What to show while an image loads. */
export interface Placeholder {
  /** Base64. https://evanw.github.io/thumbhash/ */
  thumbHash: string;
  /** `#rrggbb` */
  dominantColor: string;
}

/** The placeholder of an image, from its pixels; `size` is at most {@link PLACEHOLDER_SIDE} a side. */
export async function placeholderOf(pixels: Pixels, { width, height }: Size): Promise<Placeholder> {
  const rgba = await pipelineOf(pixels)
    .resize(width, height, { fit: 'fill' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer();
  const thumbHash = Buffer.from(rgbaToThumbHash(width, height, rgba)).toString('base64');
  return { thumbHash, dominantColor: dominantColor(rgba) };
}

/**
 * Mean colour of the fullest of 4096 bins (4 bits a channel), the bins of `sharp.stats().dominant`. Not that function,
 * because it counts transparent pixels as black and answers the middle of the bin.
 */
function dominantColor(rgba: Buffer): string {
  const bins = new Map<number, { count: number; sum: [number, number, number] }>();
  let fullest = { count: 0, sum: [0, 0, 0] as [number, number, number] };
  for (let at = 0; at < rgba.length; at += 4) {
    const [r, g, b, alpha] = rgba.subarray(at, at + 4) as unknown as [number, number, number, number];
    if (alpha < HALF_VISIBLE) continue;
    const key = ((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4);
    const bin = bins.get(key) ?? { count: 0, sum: [0, 0, 0] };
    bins.set(key, { count: bin.count + 1, sum: [bin.sum[0] + r, bin.sum[1] + g, bin.sum[2] + b] });
    if (bin.count + 1 > fullest.count) fullest = bins.get(key)!;
  }
  if (fullest.count === 0) return '#ffffff';
  return `#${fullest.sum
    .map((sum) =>
      Math.round(sum / fullest.count)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}
