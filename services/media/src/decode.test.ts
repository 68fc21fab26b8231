import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { decode } from './decode.js';
import { configureLibvips } from './libvips.js';
import { openImage } from './source-image.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
const MAX_MEGAPIXELS = 100;

beforeAll(configureLibvips);

async function decodeAll(bytes: Buffer, side?: number) {
  const source = await openImage(bytes, MAX_MEGAPIXELS);
  const size = side ? { width: side, height: side } : source.size;
  return decode(source, size, MAX_MEGAPIXELS);
}

const colour = { r: 200, g: 100, b: 50 };
const plain = () => sharp({ create: { width: 16, height: 16, channels: 3, background: colour } });

async function firstPixel(bytes: Buffer) {
  const { data, channels } = await decodeAll(bytes);
  return [...data.subarray(0, channels)];
}

describe('orientation', () => {
  /** Where the pixel seen at (x, y) lies in the stored image: EXIF 2.32, 4.6.4, read the other way round. */
  const stored: Record<number, (x: number, y: number, w: number, h: number) => [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y, w) => [w - 1 - x, y],
    3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
    4: (x, y, _w, h) => [x, h - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, _w, h) => [y, h - 1 - x],
    7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
    8: (x, y, w) => [w - 1 - y, x],
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i ends upright, equal in pixels', async (orientation) => {
    const upright = await sharp(join(PHOTOS, 'chelsea.png')).resize(31, 20).raw().toBuffer();
    const [w, h] = orientation >= 5 ? [20, 31] : [31, 20];
    const raw = Buffer.alloc(upright.length);
    for (let y = 0; y < 20; y++) {
      for (let x = 0; x < 31; x++) {
        const [sx, sy] = stored[orientation]!(x, y, w, h);
        upright.copy(raw, (sy * w + sx) * 3, (y * 31 + x) * 3, (y * 31 + x) * 3 + 3);
      }
    }
    const bytes = await sharp(raw, { raw: { width: w, height: h, channels: 3 } })
      .withMetadata({ orientation })
      .png()
      .toBuffer();
    const pixels = await decodeAll(bytes);
    expect([pixels.width, pixels.height]).toEqual([31, 20]);
    expect(pixels.data.equals(upright)).toBe(true);
  });
});

describe('colours', () => {
  test('a Display-P3 photo becomes sRGB', async () => {
    const bytes = await plain().withIccProfile('p3').png().toBuffer();
    for (const [index, value] of (await firstPixel(bytes)).entries())
      expect(value).toBeCloseTo(Object.values(colour)[index]!, -0.5);
  });

  test('a 16-bit Display-P3 image becomes 8-bit sRGB', async () => {
    const { icc } = await sharp(await plain().withIccProfile('p3').png().toBuffer()).metadata();
    // The colour's numbers in Display-P3; libvips writes no profile beside 16 bits, so the chunk is put in by hand.
    const p3 = Uint16Array.from({ length: 16 * 16 * 3 }, (_, index) => [0xbbbb, 0x6969, 0x3e3e][index % 3]!);
    const raw = { width: 16, height: 16, channels: 3 } as const;
    const png = await sharp(p3, { raw }).toColourspace('rgb16').png().toBuffer();
    const afterHeader = 33;
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('p3\0\0'), deflateSync(icc!)]));
    const bytes = Buffer.concat([png.subarray(0, afterHeader), profile, png.subarray(afterHeader)]);
    for (const [index, value] of (await firstPixel(bytes)).entries())
      expect(value).toBeCloseTo(Object.values(colour)[index]!, -0.5);
  });

  test('CMYK becomes three channels of about the same colour', async () => {
    const [r = 0, g = 0, b = 0, ...rest] = await firstPixel(await plain().toColourspace('cmyk').jpeg().toBuffer());
    expect(rest).toEqual([]);
    expect(r).toBeGreaterThan(180);
    expect(g).toBeLessThan(130);
    expect(b).toBeLessThan(90);
  });

  test('grey with alpha keeps its alpha', async () => {
    const grey = await sharp(Buffer.from([10, 128]), { raw: { width: 1, height: 1, channels: 2 } })
      .png()
      .toBuffer();
    expect(await firstPixel(grey)).toEqual([10, 10, 10, 128]);
  });

  test('16 bits become 8', async () => {
    const deep = await plain().toColourspace('rgb16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect(await firstPixel(deep)).toEqual([200, 100, 50]);
  });
});

test('a photo with stray bytes, as some cameras write, is still read', async () => {
  const photo = await readFile(join(PHOTOS, 'grace_hopper.jpg'));
  const stray = Buffer.concat([
    photo.subarray(0, -2),
    Buffer.from([0, 1, 2]),
    photo.subarray(-2),
    Buffer.from('trailer'),
  ]);
  expect(await decodeAll(stray)).toMatchObject({ width: 512, height: 600 });
});

test('an SVG is drawn crisp at the size asked for', async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><rect width="1" height="2" fill="#ff0000"/></svg>';
  const { data, width } = await decodeAll(Buffer.from(svg), 200);
  const pixel = (x: number) => [...data.subarray((100 * width + x) * 4, (100 * width + x) * 4 + 4)];
  expect([pixel(98), pixel(101)]).toEqual([
    [255, 0, 0, 255],
    [0, 0, 0, 0],
  ]);
});

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}
