import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeImage } from './encode-image.js';
import { configureLibvips } from './libvips.js';
import { type Pixels, pipelineOf, pixelsOf } from './pixels.js';
import { SAMPLE_PIXELS, samplePixels } from './sample-pixels.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
const LOSSY = ['jpeg', 'webp', 'avif'] as const;

let photo: Pixels;
beforeAll(async () => {
  configureLibvips();
  photo = await pixelsOf(sharp(join(PHOTOS, 'coffee.png')).resize(300));
});

async function rgbOf(data: Buffer): Promise<Pixels> {
  return pixelsOf(sharp(data));
}

describe('an automatic quality', () => {
  test.each(LOSSY)('of %s says how like the picture the file is, and what it took', async (format) => {
    const { data, quality, similarity } = await encodeImage(photo, { format, quality: 'auto' });
    expect(similarity).toBeGreaterThan(0.994);
    expect(similarity).toBeLessThanOrEqual(1);
    const again = await encodeImage(photo, { format, quality });
    expect(again.data.equals(data)).toBe(true);
  });

  test('is low for a smooth picture and high for a detailed one', async () => {
    const smooth = await pixelsOf(pipelineOf(photo).blur(12));
    const auto = { format: 'webp', quality: 'auto' } as const;
    const [plain, detailed] = [await encodeImage(smooth, auto), await encodeImage(photo, auto)];
    expect(plain.quality).toBeLessThan(detailed.quality!);
  });

  test('is found for a pipeline as for its pixels', async () => {
    const auto = { format: 'jpeg', quality: 'auto' } as const;
    const ofPipeline = await encodeImage(() => sharp(join(PHOTOS, 'coffee.png')).resize(300), auto);
    expect(ofPipeline).toEqual(await encodeImage(photo, auto));
  });

  test('is found in the colours of a profile that is kept', async () => {
    const wide = await sharp(join(PHOTOS, 'coffee.png')).resize(300).withIccProfile('p3').png().toBuffer();
    const kept = await encodeImage(() => sharp(wide).keepIccProfile(), { format: 'webp', quality: 'auto' });
    expect(kept.similarity).toBeGreaterThan(0.994);
    expect((await sharp(kept.data).metadata()).icc).toBeDefined();
  });

  test('is found for a drawing on transparency, whatever its colour', async () => {
    for (const fill of ['white', 'black']) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="120" height="90"><circle cx="60" cy="45" r="40" fill="${fill}"/></svg>`;
      const drawing = await pixelsOf(sharp(Buffer.from(svg)).ensureAlpha());
      const { data, similarity } = await encodeImage(drawing, { format: 'webp', quality: 'auto' });
      expect(similarity).toBeGreaterThan(0.99);
      expect((await rgbOf(data)).channels).toBe(4);
    }
  });

  test('of a large picture is found on a sample, and the whole is encoded', async () => {
    const large = await pixelsOf(sharp(join(PHOTOS, 'hubble_deep_field.jpg')).resize(2_400));
    expect(large.width * large.height).toBeGreaterThan(SAMPLE_PIXELS);
    const { data, width, height, quality, similarity } = await encodeImage(large, { format: 'jpeg', quality: 'auto' });
    expect([width, height]).toEqual([large.width, large.height]);
    expect(await sharp(data).metadata()).toMatchObject({ width, height });
    expect(similarity).toBeGreaterThan(0.99);
    expect(data.equals((await encodeImage(large, { format: 'jpeg', quality })).data)).toBe(true);
  });

  test('of an animation keeps its frames and their times', async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .png()
        .toBuffer();
    const gif = await sharp([await frame('red'), await frame('blue')], { join: { animated: true } })
      .gif({ delay: [100, 250] })
      .toBuffer();
    const animated = () => sharp(gif, { animated: true });
    const { data, width, height, frames } = await encodeImage(animated, { format: 'webp', quality: 'auto' });
    expect({ width, height, frames }).toEqual({ width: 40, height: 30, frames: 2 });
    expect(await sharp(data).metadata()).toMatchObject({ pages: 2, delay: [100, 250] });
  });
});

describe('a limit on bytes', () => {
  test.each(LOSSY)('is kept and used by %s, at a lower quality', async (format) => {
    const free = await encodeImage(photo, { format });
    const maxBytes = Math.round(free.data.length * 0.6);
    const { data, quality } = await encodeImage(photo, { format, maxBytes });
    expect(data.length).toBeLessThanOrEqual(maxBytes);
    expect(data.length).toBeGreaterThan(maxBytes * 0.8);
    expect(quality).toBeLessThan(80);
  });

  test('never raises the quality above the one asked for', async () => {
    const { quality } = await encodeImage(photo, { format: 'jpeg', quality: 40, maxBytes: 1_000_000 });
    expect(quality).toBe(40);
  });

  test('goes before looking the same', async () => {
    const auto = await encodeImage(photo, { format: 'webp', quality: 'auto' });
    const maxBytes = Math.round(auto.data.length / 2);
    const { data, quality } = await encodeImage(photo, { format: 'webp', quality: 'auto', maxBytes });
    expect(data.length).toBeLessThanOrEqual(maxBytes);
    expect(quality).toBeLessThan(auto.quality!);
  });

  test('that cannot be kept is refused with a width that fits', async () => {
    const tooFew = { format: 'jpeg', maxBytes: 1_200, what: 'Rendition "a"' } as const;
    const refusal = await encodeImage(photo, tooFew).catch((error) => error);
    expect(refusal).toMatchObject({ name: 'Rejected', code: 'image_too_large' });
    expect(refusal.detail).toMatch(/^Rendition "a" has \d+ bytes at the lowest quality \(10\); maxBytes is 1200\./);
    const width = Number(/about (\d+) pixels wide/.exec(refusal.detail)![1]);
    const smaller = await encodeImage(await pixelsOf(pipelineOf(photo).resize(width)), tooFew);
    expect(smaller.data.length).toBeLessThanOrEqual(1_200);
  });
});

test.each(['webp', 'avif'] as const)('lossless %s keeps every pixel', async (format) => {
  const { data } = await encodeImage(photo, { format, lossless: true });
  expect((await rgbOf(data)).data.equals(photo.data)).toBe(true);
});

describe('a sample', () => {
  const large = (width: number, height: number): Pixels => {
    const data = Buffer.alloc(width * height * 3);
    for (let at = 0; at < data.length; at += 3) data.writeUIntBE(at / 3, at, 3);
    return { data, width, height, channels: 3 };
  };

  test('of a small picture is the picture', () => {
    expect(samplePixels(photo)).toBe(photo);
  });

  test.each([
    [3_000, 1_000],
    [6_000, 400],
    [470, 5_000],
  ])('of %i x %i holds its corners and its own pixels, at full resolution', (width, height) => {
    const sample = samplePixels(large(width, height));
    expect(sample.width * sample.height).toBeLessThanOrEqual(SAMPLE_PIXELS);
    const pixel = (x: number, y: number) => sample.data.readUIntBE((y * sample.width + x) * 3, 3);
    expect(pixel(0, 0)).toBe(0);
    expect([pixel(1, 0), pixel(0, 1)]).toEqual([1, width]);
    const last = pixel(sample.width - 1, sample.height - 1);
    expect(last % width).toBeGreaterThan(width - 17);
    expect(Math.floor(last / width)).toBeGreaterThan(height - 17);
  });
});
