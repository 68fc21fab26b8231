import { ImageOptions } from '@tandem/contracts/image-options';
import sharp from 'sharp';
import { expect } from 'vitest';
import { transform } from './image-process.js';
import { planRenditions } from './plan-renditions.js';
import { type ImageInput, openImage } from './source-image.js';

export const LIMITS = { maxMegapixels: 100 };
export const RED = [255, 0, 0, 255];
export const GREEN = [0, 255, 0, 255];
export const BLUE = [0, 0, 255, 255];
export const WHITE = [255, 255, 255, 255];
export const CLEAR = [0, 0, 0, 0];

/** A rendition, encoded. */
export interface Made {
  data: Buffer;
  width: number;
  height: number;
}

/** Makes one rendition in each way there is: from the file, and from pixels that renditions share. They must be equal. */
export async function make(input: ImageInput, options: ImageOptions, watermarks: Record<string, ImageInput> = {}) {
  const source = await openImage(input, LIMITS.maxMegapixels);
  const rendition = { name: 'a', ...ImageOptions.parse({ format: 'png', ...options }) };
  const marks = Object.fromEntries(
    await Promise.all(Object.entries(watermarks).map(async ([id, bytes]) => [id, await openImage(bytes, 100)])),
  );
  const results: Made[] = [];
  for (const placeholders of [false, true]) {
    const plan = planRenditions(source, [rendition], { placeholders, ...LIMITS });
    await transform({ source, plan, watermarks: marks, ...LIMITS }, (image) => results.push(image));
  }
  const [first, second] = await Promise.all(results.map(picture));
  expect([first!.width, first!.height]).toEqual([results[0]!.width, results[0]!.height]);
  // A slanted image is turned at the size that suits all renditions; else only ties are rounded differently.
  expect(difference(first!, second!), JSON.stringify(options)).toBeLessThan((options.rotate ?? 0) % 90 === 0 ? 0.1 : 3);
  return first!;
}

export async function picture({ data: bytes }: Made) {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const at = (x: number, y: number) => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4)];
  return { width, height, data, at, size: [width, height] };
}

/** Mean of the differences of all channels. */
export function difference(a: { data: Buffer }, b: { data: Buffer }): number {
  return a.data.reduce((sum, value, index) => sum + Math.abs(value - b.data[index]!), 0) / a.data.length;
}

/** Red, green over blue, white: each quarter of another colour. */
export async function quarters(width: number, height: number): Promise<Buffer> {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [left, top] = [x < width / 2, y < height / 2];
      const color = top ? (left ? RED : GREEN) : left ? BLUE : WHITE;
      Buffer.from(color).copy(data, (y * width + x) * 3, 0, 3);
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

export const plain = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 4, background } })
    .png()
    .toBuffer();

/** A square of 10 x 10 in the middle of 40 x 30. */
export async function square(around: string, background = '#ff0000'): Promise<Buffer> {
  const inner = await plain(10, 10, background);
  return sharp(await plain(40, 30, around))
    .composite([{ input: inner, left: 12, top: 8 }])
    .png()
    .toBuffer();
}
