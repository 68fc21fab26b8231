import type { ImageFormat, ImageOptions } from '@tandem/contracts/image-options';
import { Rejected } from '@tandem/messaging/outcome';
import sharp, { type Sharp } from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { configureLibvips } from './libvips.js';
import {
  BLUE,
  CLEAR,
  difference,
  GREEN,
  make,
  picture,
  plain,
  quarters,
  RED,
  square,
  WHITE,
} from './pictures.fixture.js';

beforeAll(configureLibvips);

describe('crop', () => {
  test('cuts to the pixel, before anything else', async () => {
    const image = await make(await quarters(40, 20), { crop: { left: 19, top: 9, width: 2, height: 2 } });
    expect(image.size).toEqual([2, 2]);
    expect([image.at(0, 0), image.at(1, 0), image.at(0, 1), image.at(1, 1)]).toEqual([RED, GREEN, BLUE, WHITE]);
    const resized = await make(await quarters(40, 20), {
      crop: { left: 20, top: 0, width: 20, height: 10 },
      width: 10,
    });
    expect([resized.size, resized.at(0, 0), resized.at(9, 4)]).toEqual([[10, 5], GREEN, GREEN]);
  });

  test('of a vector is drawn at the size of the part', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><path d="M10 0h10v40h-10z" fill="#f00"/></svg>';
    const image = await make(Buffer.from(svg), { crop: { left: 10, top: 10, width: 20, height: 20 }, width: 400 });
    expect([image.size, image.at(198, 200), image.at(201, 200)]).toEqual([[400, 400], RED, CLEAR]);
  });
});

describe('trim', () => {
  test('cuts edges of one colour or of none, and what is left is laid out', async () => {
    for (const around of ['#0000ff', '#00000000']) {
      const image = await make(await square(around), { trim: true });
      expect([image.size, image.at(0, 0), image.at(9, 9)]).toEqual([[10, 10], RED, RED]);
    }
    expect((await make(await square('#0000ff'), { trim: true, width: 5 })).size).toEqual([5, 5]);
    expect((await make(await square('#0000ff'), { trim: true, width: 20, height: 40, fit: 'contain' })).size).toEqual([
      20, 40,
    ]);
  });

  test('takes colours within its threshold for the same', async () => {
    const image = await square('#f0f0f0', '#d0d0d0');
    expect((await make(image, { trim: { threshold: 100 } })).size).toEqual([40, 30]);
    expect((await make(image, { trim: { threshold: 10 } })).size).toEqual([10, 10]);
  });

  test('leaves an image of one colour, or of one pixel, as it is', async () => {
    expect((await make(await plain(20, 10, '#123456'), { trim: true })).size).toEqual([20, 10]);
    expect((await make(await plain(1, 1, '#123456'), { trim: true })).size).toEqual([1, 1]);
  });

  test('is refused when what is left would become too large', async () => {
    const source = await plain(3_000, 3, '#fff');
    const line = await sharp(source)
      .composite([{ input: await plain(2_000, 3, '#000'), left: 500, top: 0 }])
      .extend({ top: 2_000, bottom: 2_000, background: '#fff' })
      .png()
      .toBuffer();
    const error = await make(line, { trim: true, fit: 'cover', width: 4_000, height: 4_000 }).catch((e) => e);
    expect(error).toBeInstanceOf(Rejected);
    expect(error.detail).toMatch(/^Rendition "a" is 2666667 x 4000/);
  });

  test('of a vector stays crisp', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><path d="M40 40h10v20h-10z" fill="#f00"/><path d="M50 40h10v20h-10z" fill="#00f"/></svg>';
    const image = await make(Buffer.from(svg), { trim: true, width: 500 });
    expect([image.size, image.at(247, 250), image.at(252, 250)]).toEqual([[500, 500], RED, BLUE]);
  });
});

describe('rotate and flip', () => {
  const corners = ({ width, height, at }: Awaited<ReturnType<typeof picture>>) =>
    [at(0, 0), at(width - 1, 0), at(0, height - 1), at(width - 1, height - 1)].map((color) => {
      return { [String(RED)]: 'r', [String(GREEN)]: 'g', [String(BLUE)]: 'b', [String(WHITE)]: 'w' }[String(color)];
    });

  test.each([
    [{ rotate: 90 }, 'brwg', [20, 40]],
    [{ rotate: 180 }, 'wbgr', [40, 20]],
    [{ rotate: 270 }, 'gwrb', [20, 40]],
    [{ rotate: -90 }, 'gwrb', [20, 40]],
    [{ rotate: 360 }, 'rgbw', [40, 20]],
    [{ flip: 'horizontal' }, 'grwb', [40, 20]],
    [{ flip: 'vertical' }, 'bwrg', [40, 20]],
    [{ flip: 'both' }, 'wbgr', [40, 20]],
    [{ rotate: 90, flip: 'horizontal' }, 'rbgw', [20, 40]],
    [{ rotate: 270, flip: 'vertical' }, 'rbgw', [20, 40]],
    [{ rotate: 90, width: 10 }, 'brwg', [10, 20]],
    [{ flip: 'horizontal', width: 10, height: 10, fit: 'cover' }, 'grwb', [10, 10]],
    [{ rotate: 90, flip: 'both', width: 10, height: 10, fit: 'cover' }, 'gwrb', [10, 10]],
  ] as const)('%j', async (options, expected, size) => {
    const image = await make(await quarters(40, 20), options);
    expect([corners(image).join(''), image.size]).toEqual([expected, size]);
  });

  test('at an angle opens corners, filled with the background', async () => {
    const source = await plain(100, 50, '#ff0000');
    const clear = await make(source, { rotate: 30 });
    expect([clear.size, clear.at(0, 0), clear.at(55, 46)]).toEqual([[112, 93], CLEAR, RED]);
    const filled = await make(source, { rotate: 30, background: '#0f0', width: 56 });
    expect([filled.size, filled.at(0, 0), filled.at(27, 23)]).toEqual([[56, 47], GREEN, RED]);
    const turnedBack = await make(await quarters(60, 60), { rotate: 45, width: 60, height: 60, fit: 'fill' });
    expect([turnedBack.at(30, 5), turnedBack.at(5, 30), turnedBack.at(30, 55)]).toEqual([RED, BLUE, WHITE]);
  });
});

test('every EXIF orientation ends equal, with crop, rotate, flip and gravity too', async () => {
  const upright = await sharp({ create: { width: 32, height: 24, channels: 3, background: '#888' } })
    .composite([
      { input: await plain(16, 12, '#f00'), left: 0, top: 0 },
      { input: await plain(8, 12, '#0f0'), left: 24, top: 12 },
    ])
    .removeAlpha()
    .png()
    .toBuffer();
  // How the upright image is stored, so that the orientation undoes it.
  const stored: Record<number, (image: Sharp) => Sharp> = {
    1: (image) => image,
    2: (image) => image.flop(),
    3: (image) => image.rotate(180),
    4: (image) => image.flip(),
    5: (image) => image.flip().rotate(90),
    6: (image) => image.rotate(270),
    7: (image) => image.flip().rotate(270),
    8: (image) => image.rotate(90),
  };
  const options: ImageOptions[] = [
    {},
    { width: 16 },
    { crop: { left: 2, top: 3, width: 20, height: 10 } },
    { rotate: 90, flip: 'vertical', width: 12 },
    { width: 8, height: 12, fit: 'cover', gravity: 'northeast' },
    { width: 8, height: 12, fit: 'cover', gravity: { x: 1, y: 1 }, flip: 'horizontal' },
    {
      crop: { left: 2, top: 3, width: 20, height: 10 },
      rotate: 270,
      width: 5,
      height: 5,
      fit: 'cover',
      gravity: 'south',
    },
  ];
  for (const each of options) {
    const expected = await make(upright, each);
    for (const [orientation, store] of Object.entries(stored)) {
      const bytes = await store(sharp(upright))
        .withMetadata({ orientation: Number(orientation) })
        .png()
        .toBuffer();
      const image = await make(bytes, each);
      expect([orientation, image.size]).toEqual([orientation, expected.size]);
      expect(difference(image, expected), `${orientation} ${JSON.stringify(each)}`).toBeLessThan(0.1);
    }
  }
});

describe('gravity', () => {
  const cover = { width: 10, height: 10, fit: 'cover' } as const;

  test.each([
    ['west', RED],
    ['east', GREEN],
    ['northwest', RED],
    ['southeast', GREEN],
    [{ x: 0, y: 0.5 }, RED],
    [{ x: 1, y: 0 }, GREEN],
    [{ x: 0.2, y: 0 }, RED],
  ] as const)('%j stays in view', async (gravity, color) => {
    const image = await make(await quarters(60, 20), {
      ...cover,
      gravity,
      crop: { left: 0, top: 0, width: 60, height: 10 },
    });
    expect([image.size, image.at(1, 5), image.at(8, 5)]).toEqual([[10, 10], color, color]);
  });

  test.each(['entropy', 'attention'] as const)('%s finds the part that is not empty', async (gravity) => {
    const noise = Buffer.from(Array.from({ length: 20 * 20 * 3 }, (_, index) => (index * 7919) % 251));
    const detail = await sharp(noise, { raw: { width: 20, height: 20, channels: 3 } })
      .png()
      .toBuffer();
    const source = await sharp(await plain(100, 20, '#888888'))
      .composite([{ input: detail, left: 75, top: 0 }])
      .png()
      .toBuffer();
    const image = await make(source, { width: 20, height: 20, fit: 'cover', gravity });
    expect(image.size).toEqual([20, 20]);
    const grey = image.data.filter((_, index) => index % 4 === 0 && image.data[index] === 0x88).length;
    expect(grey).toBeLessThan(150);
  });
});

describe('background', () => {
  const box = { width: 20, height: 20, fit: 'contain' } as const;

  test('fills what contain and extend open, on the side that gravity leaves', async () => {
    const wide = await plain(40, 20, '#ff0000');
    const image = await make(wide, { ...box, background: '#00f' });
    expect([image.size, image.at(0, 4), image.at(0, 5), image.at(0, 15)]).toEqual([[20, 20], BLUE, RED, BLUE]);
    const north = await make(wide, { ...box, background: '#00f', gravity: 'north' });
    expect([north.at(0, 0), north.at(0, 9), north.at(0, 10)]).toEqual([RED, RED, BLUE]);
    const extend = { top: 1, right: 2, bottom: 3, left: 4 };
    const extended = await make(wide, { extend, background: '#00f' });
    expect([extended.size, extended.at(3, 5), extended.at(4, 1), extended.at(43, 20), extended.at(44, 20)]).toEqual([
      [46, 24],
      BLUE,
      RED,
      RED,
      BLUE,
    ]);
  });

  test('is transparent by default, white in JPEG', async () => {
    const wide = await plain(40, 20, '#ff0000');
    expect((await make(wide, box)).at(0, 0)).toEqual(CLEAR);
    expect(Math.min(...(await make(wide, { ...box, format: 'jpeg' })).at(0, 0))).toBeGreaterThan(250);
    const [, , blue] = (await make(wide, { ...box, format: 'jpeg', background: '#0000ff80' })).at(2, 0);
    expect(blue).toBeGreaterThan(250);
  });

  test('shines through what is half transparent', async () => {
    const half = await plain(20, 20, '#ff000080');
    const opaque = (await make(half, { background: '#0000ff' })).at(5, 5);
    expect(opaque).toEqual([128, 0, 127, 255]);
    const [, , , alpha] = (await make(half, { background: '#0000ff80' })).at(5, 5);
    expect(Math.abs(alpha! - 0.75 * 255)).toBeLessThan(1);
    const padded = await make(await plain(20, 20, '#ff0000'), { extend: 5, background: '#0000ff80' });
    expect([padded.at(0, 0), padded.at(10, 10)]).toEqual([[0, 0, 255, 128], RED]);
  });
});

describe('filters', () => {
  test('blur softens an edge, also that of an added margin', async () => {
    const image = await make(await quarters(40, 20), { blur: 2 });
    expect(image.at(19, 2)[0]).toBeGreaterThan(100);
    expect(image.at(20, 2)[0]).toBeGreaterThan(50);
    expect(image.at(2, 2)).toEqual(RED);
    const extended = await make(await plain(20, 20, '#ff0000'), { extend: 10, background: '#00f', blur: 2 });
    expect(extended.at(9, 20)[0]).toBeGreaterThan(50);
  });

  test('sharpen widens the difference at an edge', async () => {
    const edge = await sharp(await plain(20, 20, '#606060'))
      .composite([{ input: await plain(10, 20, '#a0a0a0'), left: 10, top: 0 }])
      .png()
      .toBuffer();
    for (const sharpen of [true, 2] as const) {
      const image = await make(edge, { sharpen });
      expect(image.at(9, 10)[0]).toBeLessThan(0x60);
      expect(image.at(10, 10)[0]).toBeGreaterThan(0xa0);
    }
  });

  test('grayscale and tint take the colours away, of the background too', async () => {
    const gray = await make(await plain(20, 20, '#ff0000'), { grayscale: true, extend: 5, background: '#00ff00' });
    for (const [r, g, b] of [gray.at(0, 0), gray.at(10, 10)]) expect([g, b]).toEqual([r, r]);
    expect(gray.at(0, 0)[0]).toBeGreaterThan(gray.at(10, 10)[0]!);
    for (const grayscale of [true, false]) {
      const [r = 0, g = 0, b = 0] = (await make(await plain(9, 9, '#808080'), { grayscale, tint: '#ff8000' })).at(4, 4);
      expect(r).toBeGreaterThan(g);
      expect(g).toBeGreaterThan(b);
    }
  });
});

test('lossless keeps every pixel', async () => {
  const source = await quarters(40, 20);
  const expected = await make(source, {});
  for (const format of ['webp', 'avif'] satisfies ImageFormat[]) {
    expect((await make(source, { format, lossless: true })).data.equals(expected.data)).toBe(true);
  }
});
