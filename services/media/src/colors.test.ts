import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageOptions } from '@tandem/contracts/image-options';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { backgroundOf, colorOf } from './colors.js';
import { transform } from './image-process.js';
import { configureLibvips } from './libvips.js';
import { planRenditions } from './plan-renditions.js';
import { type ImageInput, openImage } from './source-image.js';

const FIXTURES = join(import.meta.dirname, '../fixtures');
const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
const LIMITS = { maxMegapixels: 100 };

beforeAll(configureLibvips);

async function make(input: ImageInput, options: ImageOptions): Promise<Buffer> {
  const source = await openImage(input, LIMITS.maxMegapixels);
  const plan = planRenditions(source, [{ name: 'a', ...ImageOptions.parse(options) }], {
    placeholders: false,
    ...LIMITS,
  });
  const images: Buffer[] = [];
  await transform({ source, plan, ...LIMITS }, ({ data }) => images.push(data));
  return images[0]!;
}

const rgba = (bytes: ImageInput) => sharp(bytes, { ignoreIcc: true }).ensureAlpha().raw().toBuffer();

async function differences(made: Buffer, expected: string) {
  const [a, b] = await Promise.all([rgba(made), rgba(join(FIXTURES, expected))]);
  expect(a.length).toBe(b.length);
  const all = a.map((value, index) => Math.abs(value - b[index]!));
  return { most: Math.max(...all), mean: all.reduce((sum, value) => sum + value, 0) / all.length };
}

describe('colours are those of ImageMagick', () => {
  test.each(['p3', 'deep', 'gray', 'palette', 'alpha'])('%s', async (name) => {
    const made = await make(join(FIXTURES, `colors/${name}.png`), { format: 'png' });
    expect((await differences(made, `colors/${name}.expected.png`)).most).toBeLessThanOrEqual(1);
    expect((await sharp(made).metadata()).icc).toBeUndefined();
  });

  test('cmyk, apart from colours that sRGB cannot show', async () => {
    const made = await make(await cmyk(), { format: 'png' });
    const { most, mean } = await differences(made, 'colors/cmyk.expected.png');
    expect(mean).toBeLessThan(2);
    expect(most).toBeLessThan(20);
  });

  test('a photo that is cropped, turned, flipped and reduced', async () => {
    const options = { crop: { left: 100, top: 100, width: 300, height: 200 }, rotate: 90, flip: 'horizontal' } as const;
    const made = await make(join(PHOTOS, 'coffee.png'), { ...options, width: 60, height: 60, format: 'png' });
    expect((await differences(made, 'steps.expected.png')).mean).toBeLessThan(2);
  });
});

describe('colorProfile keep', () => {
  test.each(['jpeg', 'png', 'webp', 'avif'] as const)(
    'leaves numbers and profile as they are in %s',
    async (format) => {
      const source = await readFile(join(FIXTURES, 'colors/p3.png'));
      const made = await make(source, {
        format,
        colorProfile: 'keep',
        crop: { left: 0, top: 0, width: 48, height: 32 },
      });
      const { icc } = await sharp(source).metadata();
      expect((await sharp(made).metadata()).icc?.equals(icc!)).toBe(true);
      const [before, after] = await Promise.all([rgba(source), rgba(made)]);
      // The middle of a patch of plain colour.
      const at = (4 * 48 + 36) * 4;
      for (let channel = 0; channel < 3; channel++)
        expect(Math.abs(before[at + channel]! - after[at + channel]!)).toBeLessThan(12);
    },
  );

  test('keeps the profile through every step', async () => {
    const options = { rotate: 20, blur: 1, extend: 5, tint: '#f00', watermark: { text: 'a' }, trim: true } as const;
    const made = await make(join(FIXTURES, 'colors/p3.png'), { ...options, format: 'png', colorProfile: 'keep' });
    expect((await sharp(made).metadata()).hasProfile).toBe(true);
  });

  test('of CMYK, which no format of the web shows alike, is sRGB', async () => {
    const made = await make(await cmyk(), { format: 'jpeg', colorProfile: 'keep' });
    expect(await sharp(made).metadata()).toMatchObject({ space: 'srgb', hasProfile: false });
  });
});

test('colours are read in all their forms', () => {
  expect(colorOf('#08f')).toEqual({ r: 0, g: 136, b: 255, alpha: 1 });
  expect(colorOf('#0088FF80')).toEqual({ r: 0, g: 136, b: 255, alpha: 128 / 255 });
  expect(backgroundOf({ background: '#ff000080', format: 'jpeg' })).toEqual({ r: 255, g: 127, b: 127, alpha: 1 });
  expect(backgroundOf({ background: '#ff000000', format: 'webp' })).toBeUndefined();
});

async function cmyk(): Promise<Buffer> {
  return sharp(join(FIXTURES, 'colors/palette.png'))
    .withIccProfile('cmyk')
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer();
}
