import { ImageOptions } from '@tandem/contracts/image-options';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { transform } from './image-process.js';
import { configureLibvips } from './libvips.js';
import { planRenditions } from './plan-renditions.js';
import { openImage } from './source-image.js';

const LIMITS = { maxMegapixels: 100 };
const DELAY = [100, 250, 40];

beforeAll(configureLibvips);

/** Each frame is red, green or blue in its left half, and white in its right. */
async function animation(format: 'gif' | 'webp', frames = ['#ff0000', '#00ff00', '#0000ff']): Promise<Buffer> {
  const drawn = await Promise.all(
    frames.map(async (color) => {
      const half = await sharp({ create: { width: 20, height: 20, channels: 3, background: color } })
        .png()
        .toBuffer();
      return sharp({ create: { width: 40, height: 20, channels: 3, background: '#fff' } })
        .composite([{ input: half, left: 0, top: 0 }])
        .png()
        .toBuffer();
    }),
  );
  const joined = sharp(drawn, { join: { animated: true } });
  return (
    format === 'gif' ? joined.gif({ delay: DELAY, loop: 3 }) : joined.webp({ delay: DELAY, loop: 3, lossless: true })
  ).toBuffer();
}

async function make(input: Buffer, options: ImageOptions) {
  const source = await openImage(input, LIMITS.maxMegapixels);
  const plan = planRenditions(source, [{ name: 'a', ...ImageOptions.parse(options) }], {
    placeholders: true,
    ...LIMITS,
  });
  const images: { data: Buffer; width: number; height: number; frames?: number }[] = [];
  await transform({ source, plan, ...LIMITS }, (image) => images.push(image));
  return images[0]!;
}

async function frameColors(data: Buffer, x: number, y: number): Promise<string[]> {
  const { pages = 1 } = await sharp(data).metadata();
  return Promise.all(
    Array.from({ length: pages }, async (_, page) => {
      const image = sharp(data, { page }).removeAlpha().raw();
      const { data: raw, info } = await image.toBuffer({ resolveWithObject: true });
      const at = (y * info.width + x) * 3;
      return [...raw.subarray(at, at + 3)].map((value) => (value > 200 ? '1' : value < 60 ? '0' : '?')).join('');
    }),
  );
}

describe.each([
  ['gif', 'webp'],
  ['webp', 'gif'],
  ['gif', 'gif'],
] as const)('an animated %s becomes an animated %s', (from, format) => {
  test.each([
    [{ width: 20 }, [20, 10]],
    [{ width: 10, height: 10, fit: 'cover', gravity: 'west' }, [10, 10]],
    [{ width: 10, height: 10, fit: 'contain' }, [10, 10]],
    [{ width: 10, height: 10, fit: 'fill' }, [10, 10]],
    [{ width: 10, height: 10, fit: 'outside' }, [20, 10]],
    [{ crop: { left: 0, top: 0, width: 10, height: 10 } }, [10, 10]],
  ] as const)('%j', async (options, size) => {
    const made = await make(await animation(from), { ...options, format, animated: true });
    const metadata = await sharp(made.data).metadata();
    expect(metadata).toMatchObject({ pages: 3, delay: DELAY, loop: 3, format });
    expect([metadata.width, metadata.pageHeight ?? metadata.height]).toEqual(size);
    expect([made.width, made.height, made.frames]).toEqual([...size, 3]);
    expect(await frameColors(made.data, 2, size[1] >> 1)).toEqual(['100', '010', '001']);
  });
});

test('nothing of a frame shows in the next, though frames are flipped and blurred', async () => {
  const made = await make(await animation('webp'), { flip: 'both', blur: 3, format: 'webp', animated: true });
  expect(made.frames).toBe(3);
  for (const y of [0, 10, 19]) expect(await frameColors(made.data, 35, y)).toEqual(['100', '010', '001']);
});

test('gravity cuts the same part out of every frame', async () => {
  const box = { width: 20, height: 20, fit: 'cover', gravity: 'attention' } as const;
  const made = await make(await animation('gif', ['#ff0000', '#fefefe', '#ff0000']), {
    ...box,
    format: 'webp',
    animated: true,
  });
  const [first, , third] = await frameColors(made.data, 10, 10);
  expect(third).toBe(first);
  expect([made.width, made.height]).toEqual([20, 20]);
});

test('one frame is made when more are not asked for, or there are no more', async () => {
  const still = await make(await animation('gif'), { format: 'webp', width: 10 });
  expect([still.width, still.height, still.frames]).toEqual([10, 5, undefined]);
  const photo = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .jpeg()
    .toBuffer();
  expect((await make(photo, { format: 'gif', animated: true })).frames).toBeUndefined();
});

test('frames are counted as the file has them', async () => {
  const made = await make(await animation('webp', ['#ff0000', '#ff0000', '#0000ff']), {
    format: 'gif',
    animated: true,
  });
  expect((await sharp(made.data).metadata()).pages).toBe(made.frames);
});
