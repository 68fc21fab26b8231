import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InspectImage } from '@tandem/contracts/media';
import { objectKey } from '@tandem/contracts/object';
import { loadConfig } from '@tandem/runtime/config';
import { FilesystemStore } from '@tandem/storage/filesystem-store';
import type { ObjectStore } from '@tandem/storage/object-store';
import { runHandler } from '@tandem/testing/run-handler';
import { decode as decodeBlurHash } from 'blurhash';
import sharp from 'sharp';
import { thumbHashToAverageRGBA } from 'thumbhash';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MediaConfig } from './config.js';
import { ImageWorkshop } from './image-workshop.js';
import { InspectImageHandler } from './inspect-image.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
const SOURCE = '0193b3f0-0000-7000-8000-0000000000aa';
const TENANT = 'acme';

let dir: string;
let store: ObjectStore;
let workshop: ImageWorkshop;
let handler: InspectImageHandler;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-inspect-'));
  store = await FilesystemStore.open(dir);
  workshop = new ImageWorkshop(store, loadConfig(MediaConfig, { NATS_URL: 'nats://unused' }));
  handler = new InspectImageHandler(workshop);
});
afterAll(async () => {
  workshop.onApplicationShutdown();
  await rm(dir, { recursive: true, force: true });
});

async function inspected(image: { toBuffer(): Promise<Buffer> } | Buffer) {
  const bytes = Buffer.isBuffer(image) ? image : await image.toBuffer();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const source = { id: SOURCE, key: objectKey(TENANT, sha256), size: bytes.length, type: 'image/jpeg', sha256 };
  await store.write(source.key, bytes);
  const job = { tenant: TENANT, objects: { [SOURCE]: source } };
  const { result, error } = await runHandler(InspectImage, handler, { data: { source: { object: SOURCE } }, job });
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`);
  return { ...result, bytes };
}

const plain = (background = '#204060', width = 40, height = 30) =>
  sharp({ create: { width, height, channels: 3, background } });
const photo = () => sharp(join(PHOTOS, 'coffee.png'));

describe('the header', () => {
  test.each([
    ['jpeg', 'image/jpeg', () => plain().jpeg()],
    ['png', 'image/png', () => plain().png()],
    ['webp', 'image/webp', () => plain().webp()],
    ['avif', 'image/avif', () => plain().avif({ effort: 0 })],
    ['tiff', 'image/tiff', () => plain().tiff()],
    ['gif', 'image/gif', () => plain().gif()],
  ])('of %s', async (format, type, make) => {
    const { bytes, ...seen } = await inspected(make());
    expect(seen).toMatchObject({ format, type, size: bytes.length, width: 40, height: 30, frames: 1, orientation: 1 });
    expect(seen).toMatchObject({ colorSpace: 'rgb', bitDepth: 8, isOpaque: true, exif: {}, hasGps: false });
    expect(seen.durationMs).toBeUndefined();
    expect(seen.iccProfile).toBeUndefined();
  });

  test('of an SVG, drawn at its own size', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><rect width="30" height="20" fill="#c00"/></svg>';
    expect(await inspected(Buffer.from(svg))).toMatchObject({
      format: 'svg',
      type: 'image/svg+xml',
      size: svg.length,
      width: 60,
      height: 20,
      frames: 1,
      hasAlpha: true,
      isOpaque: false,
      dominantColor: '#cc0000',
      palette: [{ color: '#cc0000', share: 1 }],
    });
  });

  test('of an animation has its frames and how long they take', async () => {
    const frames = await Promise.all(['red', 'lime', 'blue'].map((colour) => plain(colour).png().toBuffer()));
    const moving = (format: 'gif' | 'webp') =>
      sharp(frames, { join: { animated: true } }).toFormat(format, { delay: [100, 200, 350] });
    for (const format of ['gif', 'webp'] as const)
      expect(await inspected(moving(format))).toMatchObject({ width: 40, height: 30, frames: 3, durationMs: 650 });
  });

  test('of an image on its side is as seen, and says how it is stored', async () => {
    const seen = await inspected(plain().jpeg().withMetadata({ orientation: 6 }));
    expect(seen).toMatchObject({ width: 30, height: 40, orientation: 6 });
  });

  test.each([
    ['grey', () => photo().toColourspace('b-w').png(), { colorSpace: 'gray', channels: 1, bitDepth: 8 }],
    ['16 bits', () => plain().toColourspace('rgb16').png(), { colorSpace: 'rgb', channels: 3, bitDepth: 16 }],
    ['CMYK', () => plain().toColourspace('cmyk').jpeg(), { colorSpace: 'cmyk', channels: 4, bitDepth: 8 }],
    ['a palette', () => plain().png({ palette: true, colours: 2 }), { colorSpace: 'rgb', bitDepth: 8 }],
    ['10 bits', () => plain().avif({ bitdepth: 10, effort: 0 }), { colorSpace: 'rgb', bitDepth: 10 }],
  ])('of %s tells its samples', async (_what, make, expected) => {
    expect(await inspected(make())).toMatchObject(expected);
  });

  test('has the density and the name of the profile', async () => {
    const seen = await inspected(plain().jpeg().withMetadata({ density: 300 }).withIccProfile('p3'));
    expect(seen.density).toBe(300);
    expect(seen.iccProfile).toMatch(/P3/);
  });
});

describe('transparency', () => {
  const withAlpha = (alpha: number[]) => {
    const data = Buffer.from(alpha.flatMap((value) => [9, 9, 9, value]));
    return sharp(data, { raw: { width: alpha.length, height: 1, channels: 4 } });
  };

  test.each([
    ['no channel for it', () => plain().png(), { hasAlpha: false, isOpaque: true }],
    ['a channel that is not used', () => withAlpha([255, 255, 255]).png(), { hasAlpha: true, isOpaque: true }],
    ['one pixel a little transparent', () => withAlpha([255, 254, 255]).png(), { hasAlpha: true, isOpaque: false }],
  ])('%s', async (_what, make, expected) => {
    expect(await inspected(make())).toMatchObject(expected);
  });

  test('in the last frame alone counts', async () => {
    const clear = sharp({ create: { width: 40, height: 30, channels: 4, background: '#00000000' } });
    const frames = [await plain().png().toBuffer(), await clear.png().toBuffer()];
    expect((await inspected(sharp(frames, { join: { animated: true } }).webp({ lossless: true }))).isOpaque).toBe(
      false,
    );
  });
});

describe('EXIF', () => {
  const taken = () =>
    plain().withExif({
      IFD0: {
        Make: 'Canon',
        Model: 'EOS R5',
        Software: 'Darkroom 2',
        Artist: 'Awa Diop',
        Copyright: '2026 Awa Diop',
        ImageDescription: 'At home, 5 Rue X',
      },
      IFD2: {
        DateTimeOriginal: '2026:05:04 10:20:30',
        ExposureTime: '1/250',
        FNumber: '28/10',
        ISOSpeedRatings: '400',
        FocalLength: '50/1',
        LensModel: 'RF 50mm',
        LensSerialNumber: 'L-4711',
        BodySerialNumber: 'B-4711',
        CameraOwnerName: 'Somebody Else',
      },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '14/1 41/1 0/1' },
    });
  const shown = {
    make: 'Canon',
    model: 'EOS R5',
    software: 'Darkroom 2',
    artist: 'Awa Diop',
    copyright: '2026 Awa Diop',
    takenAt: '2026-05-04T10:20:30',
    exposureTime: 0.004,
    fNumber: 2.8,
    iso: 400,
    focalLength: 50,
    lensModel: 'RF 50mm',
  };

  test.each(['jpeg', 'webp', 'png'] as const)('in %s shows how the picture was made, and no more', async (format) => {
    const { bytes, ...seen } = await inspected(taken().toFormat(format));
    expect(seen).toMatchObject({ exif: shown, hasGps: true });
    expect(Object.keys(seen.exif).sort()).toEqual(Object.keys(shown).sort());
    for (const secret of ['4711', 'Somebody', 'Rue X']) {
      expect(bytes.includes(secret)).toBe(true);
      expect(JSON.stringify(seen)).not.toContain(secret);
    }
  });

  test('with names in other letters than ASCII is read', async () => {
    // libvips writes ASCII only; cameras and editors write UTF-8.
    const bytes = await plain()
      .withExif({ IFD0: { Artist: 'A##ssatou S##ne' } })
      .jpeg()
      .toBuffer();
    const at = bytes.indexOf('A##ssatou');
    bytes.write('Aïssatou Sène', at, 'utf8');
    expect((await inspected(bytes)).exif).toEqual({ artist: 'Aïssatou Sène' });
  });

  test('that is damaged is taken for none', async () => {
    const bytes = await taken().jpeg().toBuffer();
    const at = bytes.indexOf('Exif\0\0') + 10;
    bytes.fill(0xff, at, at + 60);
    expect(await inspected(bytes)).toMatchObject({ exif: {}, hasGps: false });
  });

  test('is not the only one to tell a place: XMP does, too', async () => {
    const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>14,41N</exif:GPSLatitude></x:xmpmeta>';
    expect(await inspected(plain().withXmp(xmp).jpeg())).toMatchObject({ exif: {}, hasGps: true });
    expect((await inspected(plain().withXmp(xmp.replaceAll('GPSLatitude', 'Mood')).jpeg())).hasGps).toBe(false);
  });
});

describe('the looks', () => {
  test('of thirds of three colours', async () => {
    const block = (background: string, left: number) =>
      ({ input: { create: { width: 30, height: 60, channels: 3, background } }, left, top: 0 }) as const;
    const flag = plain('#00853f', 90, 60).composite([block('#fdef42', 30), block('#e31b23', 60)]);
    const { palette, dominantColor } = await inspected(flag.png());
    expect(palette.map(({ color }) => color).sort()).toEqual(['#00853f', '#e31b23', '#fdef42']);
    for (const { share } of palette) expect(share).toBeCloseTo(1 / 3, 2);
    expect(['#00853f', '#e31b23', '#fdef42']).toContain(dominantColor);
  });

  test('both placeholders have the colour of a plain image', async () => {
    const { blurHash, thumbHash } = await inspected(plain('#c86432').png());
    const blurred = decodeBlurHash(blurHash, 8, 8);
    const mean = (channel: number) =>
      Array.from({ length: 64 }, (_, pixel) => blurred[pixel * 4 + channel]!).reduce((sum, one) => sum + one) / 64;
    for (const [channel, expected] of [200, 100, 50].entries())
      expect(Math.abs(mean(channel) - expected)).toBeLessThanOrEqual(4);
    const { r, g, b, a } = thumbHashToAverageRGBA(Buffer.from(thumbHash, 'base64'));
    for (const [seen, expected] of [
      [r * 255, 200],
      [g * 255, 100],
      [b * 255, 50],
      [a, 1],
    ] as const)
      expect(Math.abs(seen - expected)).toBeLessThanOrEqual(9);
  });

  test('a plain image has no entropy and no edges', async () => {
    expect(await inspected(plain().png())).toMatchObject({ entropy: 0, sharpness: 0 });
  });

  test('a photograph has more of both than a blurred one, whatever its resolution', async () => {
    const crisp = await inspected(photo().png());
    const blurred = await inspected(photo().blur(4).png());
    expect(crisp.entropy).toBeGreaterThan(6);
    expect(crisp.sharpness).toBeGreaterThan(2 * blurred.sharpness);
    const large = await inspected(photo().resize(1_800).png());
    expect(Math.abs(large.sharpness - crisp.sharpness)).toBeLessThan(crisp.sharpness * 0.5);
    expect(large.perceptualHash).toMatch(/^[0-9a-f]{16}$/);
  });
});
