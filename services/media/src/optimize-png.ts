import type { Sharp } from 'sharp';
import sharp from 'sharp';
import { type Pixels, pixelsOf } from './pixels.js';

const MAX_COLORS = 256;
const OPAQUE = 255;

/**
 * The smallest PNG of the same pixels that we know to make: without an alpha channel that is opaque, in grey where all
 * is grey, with a palette where 256 colours suffice; filters help photographs and harm drawings, so both are tried.
 */
export async function smallestPng(pixels: Pixels, pipeline: () => Sharp): Promise<Buffer> {
  const { opaque, grey, colors } = traitsOf(pixels);
  const plain = () => {
    const made = pipeline();
    if (opaque && pixels.channels % 2 === 0) made.removeAlpha();
    return grey ? made.toColourspace('b-w') : made;
  };
  const tries = [
    () => plain().png({ compressionLevel: 9, adaptiveFiltering: true }),
    () => plain().png({ compressionLevel: 9 }),
  ];
  if (colors <= MAX_COLORS)
    tries.push(() => pipeline().png({ compressionLevel: 9, palette: true, dither: 0, effort: 10 }));
  let best: Buffer | undefined;
  for (const attempt of tries) {
    const data = await attempt().toBuffer();
    if ((!best || data.length < best.length) && (await showsSame(data, pixels))) best = data;
  }
  return best ?? pipeline().png().toBuffer();
}

/** With a palette of at most 256 colours, chosen to fit; what it loses is for the caller to judge. */
export function palettedPng(pipeline: Sharp): Promise<Buffer> {
  return pipeline.png({ compressionLevel: 9, palette: true, quality: 100, effort: 10 }).toBuffer();
}

function traitsOf({ data, channels }: Pixels): { opaque: boolean; grey: boolean; colors: number } {
  const hasAlpha = channels % 2 === 0;
  const colorful = channels >= 3;
  let opaque = true;
  let grey = true;
  const colors = new Set<number>();
  for (let at = 0; at < data.length; at += channels) {
    const red = data[at]!;
    const green = colorful ? data[at + 1]! : red;
    const blue = colorful ? data[at + 2]! : red;
    const alpha = hasAlpha ? data[at + channels - 1]! : OPAQUE;
    if (alpha !== OPAQUE) opaque = false;
    if (red !== green || red !== blue) grey = false;
    if (colors.size <= MAX_COLORS) colors.add(((red << 24) | (green << 16) | (blue << 8) | alpha) >>> 0);
    else if (!grey && !(opaque && hasAlpha)) break;
  }
  return { opaque, grey, colors: colors.size };
}

/** Decoders are the judges: quantisers and colour conversions promise less than this. */
async function showsSame(png: Buffer, pixels: Pixels): Promise<boolean> {
  const rgba = (pipeline: Sharp) => pixelsOf(pipeline.toColourspace('srgb').ensureAlpha());
  const { data, width, height, channels } = pixels;
  const limitInputPixels = false;
  const raw = { width, height, channels };
  const [made, wanted] = [
    await rgba(sharp(png, { limitInputPixels, ignoreIcc: true })),
    await rgba(sharp(data, { raw, limitInputPixels })),
  ];
  return made.data.equals(wanted.data);
}
