import type { Pixels } from './pixels.js';

/** A multiple of 16, so that the blocks of JPEG and VP8 lie as they do in the whole. */
const TILE = 480;
const TILES = 3;

/** The most pixels that a sample has; what has no more is its own sample. */
export const SAMPLE_PIXELS = (TILE * TILES) ** 2;

/**
 * Tiles from all over a large picture, side by side at their full resolution. What an encoder does to it, it does to
 * the whole, in a fraction of the time.
 */
export function samplePixels(pixels: Pixels): Pixels {
  const { width, height, channels } = pixels;
  if (width * height <= SAMPLE_PIXELS) return pixels;
  const columns = tilesAlong(width);
  const rows = tilesAlong(height);
  const [w, h] = [columns.length * columns.size, rows.length * rows.size];
  const data = Buffer.allocUnsafe(w * h * channels);
  for (let y = 0; y < h; y++) {
    const line = (rows.start(Math.floor(y / rows.size)) + (y % rows.size)) * width;
    for (let column = 0; column < columns.length; column++) {
      const from = (line + columns.start(column)) * channels;
      pixels.data.copy(data, (y * w + column * columns.size) * channels, from, from + columns.size * channels);
    }
  }
  return { data, width: w, height: h, channels };
}

/** At the beginning, the middle and the end of a side, as far as there is room. */
function tilesAlong(side: number) {
  const length = Math.max(1, Math.min(TILES, Math.floor(side / TILE)));
  const size = Math.min(TILE, side);
  const start = (index: number) =>
    length === 1 ? (side - size) >> 1 : Math.floor(((side - size) * index) / (length - 1) / 16) * 16;
  return { length, size, start };
}
