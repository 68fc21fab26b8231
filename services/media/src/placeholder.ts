import { rgbaToThumbHash } from 'thumbhash';
import type { Size } from './layout.js';
import { type Pixels, pipelineOf } from './pixels.js';

/** ThumbHash takes up to 100 pixels a side, keeps 7 x 7 waves of them, and costs by the pixel: 64 shows the same. */
export const PLACEHOLDER_SIDE = 64;
const HALF_VISIBLE = 128;
const BINS = 4096;

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
 * Mean colour of the fullest bin (4 bits a channel), the bins of `sharp.stats().dominant`. Not that function,
 * because it counts transparent pixels as black and answers the middle of the bin.
 */
function dominantColor(rgba: Buffer): string {
  const counts = new Uint32Array(BINS);
  const sums = new Float64Array(BINS * 3);
  for (let at = 0; at < rgba.length; at += 4) {
    const [r, g, b] = [rgba[at]!, rgba[at + 1]!, rgba[at + 2]!];
    if (rgba[at + 3]! < HALF_VISIBLE) continue;
    const bin = ((r >> 4) << 8) | ((g >> 4) << 4) | (b >> 4);
    counts[bin]!++;
    sums[bin * 3]! += r;
    sums[bin * 3 + 1]! += g;
    sums[bin * 3 + 2]! += b;
  }
  const most = counts.reduce((best, count, bin) => (count > counts[best]! ? bin : best), 0);
  if (counts[most] === 0) return '#ffffff';
  const mean = [...sums.subarray(most * 3, most * 3 + 3)].map((sum) => Math.round(sum / counts[most]!));
  return `#${Buffer.from(mean).toString('hex')}`;
}
