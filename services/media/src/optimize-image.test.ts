import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { KeptMetadata } from '@tandem/contracts/image-options';
import { OptimizeImage } from '@tandem/contracts/media';
import { objectKey } from '@tandem/contracts/object';
import { loadConfig } from '@tandem/runtime/config';
import { FilesystemStore } from '@tandem/storage/filesystem-store';
import type { ObjectStore } from '@tandem/storage/object-store';
import { runHandler } from '@tandem/testing/run-handler';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { similarityOf } from './compare-images.js';
import { MediaConfig } from './config.js';
import { ImageWorkshop } from './image-workshop.js';
import { OptimizeImageHandler } from './optimize-image.js';
import { profileName } from './profile-name.js';
import { readSafeExif } from './safe-exif.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
const SOURCE = '0193b3f0-0000-7000-8000-0000000000aa';
const TENANT = 'acme';

let dir: string;
let store: ObjectStore;
let workshop: ImageWorkshop;
let handler: OptimizeImageHandler;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-optimize-'));
  store = await FilesystemStore.open(dir);
  workshop = new ImageWorkshop(store, loadConfig(MediaConfig, { NATS_URL: 'nats://unused' }));
  handler = new OptimizeImageHandler(store, workshop);
});
afterAll(async () => {
  workshop.onApplicationShutdown();
  await rm(dir, { recursive: true, force: true });
});

type Options = { maxBytes?: number; metadata?: KeptMetadata[] };

async function run(bytes: Buffer, options: Options) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const source = { id: SOURCE, key: objectKey(TENANT, sha256), size: bytes.length, type: 'image/jpeg', sha256 };
  await store.write(source.key, bytes);
  const job = { tenant: TENANT, objects: { [SOURCE]: source } };
  return runHandler(OptimizeImage, handler, { data: { source: { object: SOURCE }, ...options }, job });
}

/** The result, and the smaller file. */
async function optimized(bytes: Buffer, options: Options = {}) {
  const { result, error } = await run(bytes, options);
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`);
  const data = result.image && (await buffer(await store.read(result.image.key)));
  return { ...result, data: data as Buffer };
}

const pixelsOf = (data: Buffer, animated = false) => sharp(data, { animated }).ensureAlpha().raw().toBuffer();
const photo = (width = 320) => sharp(join(PHOTOS, 'coffee.png')).resize(width);
const drawing = () =>
  sharp({ create: { width: 300, height: 200, channels: 3, background: '#123456' } }).composite([
    { input: { create: { width: 90, height: 60, channels: 3, background: '#fedcba' } }, left: 15, top: 20 },
  ]);

describe('a photograph', () => {
  test.each(['jpeg', 'webp', 'avif'] as const)('in %s looks the same in fewer bytes', async (format) => {
    const source = await photo().toFormat(format, { quality: 98, effort: 2 }).toBuffer();
    const { image, saved, data, source: seen } = await optimized(source);
    expect(seen).toEqual({ width: 320, height: 213, format, size: source.length });
    expect(image).toMatchObject({ format, type: `image/${format}`, width: 320, height: 213, size: data.length });
    expect(saved.bytes).toBe(source.length - data.length);
    expect(saved.percent).toBeCloseTo((saved.bytes / source.length) * 100, 1);
    expect(saved.percent).toBeGreaterThan(10);
    expect(await similarityOf(source, data)).toBeGreaterThan(0.997);
    expect((await sharp(data).metadata()).mediaType).toBe(`image/${format}`);
  });

  test('that was saved at a low quality gets no higher one', async () => {
    const source = await photo().jpeg({ quality: 45 }).toBuffer();
    const { image, saved } = await optimized(source);
    expect(image!.quality).toBeLessThanOrEqual(46);
    expect(saved.percent).toBeGreaterThan(2);
  });

  test('whose colours have full resolution keeps it', async () => {
    const source = await photo().jpeg({ quality: 97, chromaSubsampling: '4:4:4' }).toBuffer();
    const { data } = await optimized(source);
    expect((await sharp(data).metadata()).chromaSubsampling).toBe('4:4:4');
  });

  test('is progressive as JPEG', async () => {
    const { data } = await optimized(await photo().jpeg({ quality: 97 }).toBuffer());
    expect(await sharp(data).metadata()).toMatchObject({ isProgressive: true, chromaSubsampling: '4:2:0' });
  });

  test('lying on its side stands upright afterwards', async () => {
    const source = await photo().jpeg({ quality: 97 }).withMetadata({ orientation: 6 }).toBuffer();
    const { image, data } = await optimized(source);
    expect(image).toMatchObject({ width: 213, height: 320 });
    expect((await sharp(data).metadata()).orientation ?? 1).toBe(1);
    const upright = await sharp(source).autoOrient().png().toBuffer();
    expect(await similarityOf(upright, data)).toBeGreaterThan(0.995);
  });

  test('in Display P3 keeps its profile, and one in sRGB needs none', async () => {
    const source = await photo().withIccProfile('p3').jpeg({ quality: 97 }).toBuffer();
    const wide = await optimized(source);
    expect(profileName((await sharp(wide.data).metadata()).icc)).toBe(
      profileName((await sharp(source).metadata()).icc),
    );
    expect(wide.image!.similarity).toBeGreaterThan(0.997);
    const usual = await optimized(await photo().withIccProfile('srgb').jpeg({ quality: 97 }).toBuffer());
    expect((await sharp(usual.data).metadata()).icc).toBeUndefined();
  });
});

describe('metadata', () => {
  const located = () =>
    photo()
      .withExif({
        IFD0: { Copyright: 'Awa Diop', Artist: 'Awa', Software: 'Darkroom' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '14/1 41/1 0/1' },
      })
      .jpeg({ quality: 97 })
      .toBuffer();
  const exifOf = async (options: Options) =>
    (await sharp((await optimized(await located(), options)).data).metadata()).exif?.toString('latin1') ?? '';

  test('loses all but the copyright, and the place first of all', async () => {
    const exif = await exifOf({});
    expect(exif).toContain('Awa Diop');
    expect(exif).not.toContain('Darkroom');
    expect((await exifOf({ metadata: ['exif'] })).includes('Darkroom')).toBe(true);
    expect(readSafeExif(Buffer.from(exif, 'latin1'), undefined).hasGps).toBe(false);
  });

  test('is gone when nothing is to be kept', async () => {
    expect(await exifOf({ metadata: [] })).toBe('');
  });
});

describe('a PNG', () => {
  test('of few colours gets a palette, equal in each pixel', async () => {
    const source = await drawing().png({ compressionLevel: 1 }).toBuffer();
    const { saved, data } = await optimized(source);
    expect(saved.percent).toBeGreaterThan(30);
    expect(await sharp(data).metadata()).toMatchObject({ format: 'png', isPalette: true });
    expect((await pixelsOf(data)).equals(await pixelsOf(source))).toBe(true);
  });

  test.each([
    ['a photograph', () => photo()],
    ['a grey photograph', () => photo().grayscale()],
    ['a photograph with an alpha channel', () => photo().ensureAlpha(0.5)],
    ['a photograph whose alpha is all opaque', () => photo().ensureAlpha()],
  ])('of %s keeps every pixel', async (_what, make) => {
    const source = await make().png({ compressionLevel: 3 }).toBuffer();
    const { saved, data } = await optimized(source);
    expect(saved.percent).toBeGreaterThan(2);
    expect((await pixelsOf(data)).equals(await pixelsOf(source))).toBe(true);
  });

  test('of 16 bits is left alone, because 8 would be a change', async () => {
    const source = await photo().toColourspace('rgb16').png({ compressionLevel: 1 }).toBuffer();
    expect(await optimized(source)).toMatchObject({ saved: { bytes: 0, percent: 0 } });
  });

  test('that moves is left alone, because one frame would be a change', async () => {
    const still = await photo().png({ compressionLevel: 1 }).toBuffer();
    const afterHeader = 33;
    const control = Buffer.from('000000086163544c000000020000000000000000', 'hex');
    const source = Buffer.concat([still.subarray(0, afterHeader), control, still.subarray(afterHeader)]);
    const { outcome, result } = await run(source, {});
    expect([outcome, result?.image]).toEqual(['succeeded', undefined]);
  });
});

test('a lossless WebP stays lossless', async () => {
  const source = await photo().webp({ lossless: true, effort: 0 }).toBuffer();
  const { saved, data } = await optimized(source);
  expect(saved.percent).toBeGreaterThan(2);
  expect((await pixelsOf(data)).equals(await pixelsOf(source))).toBe(true);
});

describe('an animation', () => {
  const moving = async () => {
    const frames = await Promise.all(
      [0, 1, 2, 2].map((step) =>
        photo(120)
          .composite([
            { input: { create: { width: 9, height: 9, channels: 3, background: 'red' } }, left: step * 20, top: 5 },
          ])
          .png()
          .toBuffer(),
      ),
    );
    return sharp(frames, { join: { animated: true } });
  };

  test('in GIF keeps its frames, their times and looks', async () => {
    const source = await naiveGif(await (await moving()).raw().toBuffer(), 120, [70, 80, 90, 100]);
    const { image, saved, data } = await optimized(source);
    expect(image).toMatchObject({ format: 'gif', width: 120, height: 106, frames: 4 });
    expect(await sharp(data).metadata()).toMatchObject({ pages: 4, delay: [70, 80, 90, 100] });
    expect(saved.percent).toBeGreaterThan(20);
    expect(await similarityOf(source, data)).toBeGreaterThan(0.997);
  });

  test('in WebP keeps moving', async () => {
    const source = await (await moving()).webp({ quality: 98, delay: [70, 80, 90, 100] }).toBuffer();
    const { image, data } = await optimized(source);
    const { pages, delay } = await sharp(data).metadata();
    expect(image!.frames).toBe(pages);
    expect(delay!.reduce((sum, one) => sum + one)).toBe(340);
  });
});

describe('nothing is made', () => {
  test('of what is as small as it gets', async () => {
    const source = await photo().jpeg({ quality: 70, mozjpeg: true }).toBuffer();
    expect(await optimized(source)).toMatchObject({ saved: { bytes: 0, percent: 0 }, data: undefined });
  });

  test.each([
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', /svgo/],
    ['a TIFF', photo(20).tiff(), /media\.transform/],
  ])('of %s, which is refused with advice', async (_what, source, advice) => {
    const bytes = typeof source === 'string' ? Buffer.from(source) : await source.toBuffer();
    const { error } = await run(bytes, {});
    expect(error).toMatchObject({ code: 'unsupported_media_type', detail: expect.stringMatching(advice) });
  });
});

describe('maxBytes', () => {
  test.each([
    ['jpeg', () => photo().jpeg({ quality: 90 })],
    ['lossless webp', () => photo().webp({ lossless: true })],
    ['png', () => photo(100).png()],
  ])('is kept in %s, at the cost of a visible change', async (_what, make) => {
    const source = await make().toBuffer();
    const maxBytes = Math.round(source.length * 0.5);
    const { data } = await optimized(source, { maxBytes });
    expect(data.length).toBeLessThanOrEqual(maxBytes);
  });

  test('changes nothing when the source fits already', async () => {
    const source = await drawing().png({ compressionLevel: 9, palette: true }).toBuffer();
    expect(await optimized(source, { maxBytes: source.length })).toMatchObject({ saved: { bytes: 0 } });
  });

  test('out of reach is refused', async () => {
    const { error } = await run(await photo().png().toBuffer(), { maxBytes: 300 });
    expect(error).toMatchObject({ code: 'image_too_large', detail: expect.stringContaining('media.transform') });
  });
});

/** A GIF as simple programs write it: every frame whole, and none compressed. Its palette has 3, 3 and 2 bits. */
function naiveGif(rgba: Buffer, width: number, delays: number[]): Buffer {
  const channels = 3;
  const height = rgba.length / channels / width / delays.length;
  const short = (value: number) => [value & 255, value >> 8];
  const palette = Array.from({ length: 256 }, (_, i) => [(i >> 5) * 36, ((i >> 2) & 7) * 36, (i & 3) * 85]).flat();
  const screen = [...Buffer.from('GIF89a'), ...short(width), ...short(height), 0xf7, 0, 0, ...palette];
  const loop = [0x21, 0xff, 11, ...Buffer.from('NETSCAPE2.0'), 3, 1, 0, 0, 0];
  const frames = delays.flatMap((delay, frame) => {
    const start = frame * width * height;
    const indexes = Array.from({ length: width * height }, (_, pixel) => {
      const [red = 0, green = 0, blue = 0] = rgba.subarray((start + pixel) * channels, (start + pixel) * channels + 3);
      return (red & 0xe0) | ((green & 0xe0) >> 3) | (blue >> 6);
    });
    const control = [0x21, 0xf9, 4, 0, ...short(delay / 10), 0, 0];
    return [...control, 0x2c, 0, 0, 0, 0, ...short(width), ...short(height), 0, 8, ...uncompressed(indexes), 0];
  });
  return Buffer.from([...screen, ...loop, ...frames, 0x3b]);
}

/** LZW whose table never grows: codes of 9 bits, and a clear code (256) before they would need 10. */
function uncompressed(indexes: number[]): number[] {
  const codes = [...indexes.flatMap((index, at) => (at % 250 === 0 ? [256, index] : [index])), 257];
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const code of codes) {
    held |= code << bits;
    bits += 9;
    for (; bits >= 8; bits -= 8, held >>= 8) bytes.push(held & 255);
  }
  bytes.push(held & 255);
  const blocks: number[] = [];
  for (let at = 0; at < bytes.length; at += 255)
    blocks.push(bytes.slice(at, at + 255).length, ...bytes.slice(at, at + 255));
  return blocks;
}
