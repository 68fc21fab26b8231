import sharp from 'sharp';
import { beforeAll, describe, expect, test } from 'vitest';
import { transform } from './image-process.js';
import { configureLibvips } from './libvips.js';
import { BLUE, GREEN, LIMITS, type Made, make, plain, quarters, RED } from './pictures.fixture.js';
import { planRenditions } from './plan-renditions.js';
import { openImage } from './source-image.js';

beforeAll(configureLibvips);

describe('a watermark', () => {
  const MARK = '0193b3f0-0000-7000-8000-0000000000bb';
  const over = { image: { object: MARK }, opacity: 1, margin: 10 };

  test.each([
    ['northwest', 10, 10],
    ['center', 80, 40],
    ['southeast', 150, 70],
    ['east', 150, 40],
  ] as const)('lies in the %s', async (position, left, top) => {
    const watermarks = { [MARK]: await plain(8, 4, '#00ff00') };
    const options = { watermark: { ...over, position, scale: 0.2 } };
    const image = await make(await plain(200, 100, '#ff0000'), options, watermarks);
    expect([image.at(left - 1, top), image.at(left, top)]).toEqual([RED, GREEN]);
    expect([image.at(left + 39, top + 19), image.at(left + 40, top + 19)]).toEqual([GREEN, RED]);
  });

  test('is as opaque as it is told, on colours that keep theirs', async () => {
    const watermarks = { [MARK]: await plain(8, 4, '#00ff00') };
    const watermark = { ...over, opacity: 0.5, position: 'center' } as const;
    const image = await make(await plain(200, 100, '#ff0000'), { watermark, grayscale: true }, watermarks);
    const [r = 0, g = 0, b = 0] = image.at(100, 50);
    expect(r).toBe(b);
    expect(g).toBeGreaterThan(150);
  });

  test.each([
    ['grey', 'b-w'],
    ['colour', 'srgb'],
  ] as const)('may be a photograph in %s, which has no alpha channel', async (_what, space) => {
    const mark = await sharp({ create: { width: 8, height: 4, channels: 3, background: '#808080' } })
      .toColourspace(space)
      .jpeg()
      .toBuffer();
    const watermark = { ...over, position: 'center' } as const;
    const image = await make(await plain(200, 100, '#ff0000'), { watermark }, { [MARK]: mark });
    expect([image.at(100, 50), image.at(5, 5)]).toEqual([[128, 128, 128, 255], RED]);
  });

  test('of a vector is crisp, and repeats when it is tiled', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="2" height="1"><path d="M0 0h1v1h-1z" fill="#0f0"/><path d="M1 0h1v1h-1z" fill="#00f"/></svg>';
    const watermark = { image: { object: MARK }, opacity: 1, margin: 10, scale: 0.2, tile: true };
    const image = await make(await plain(200, 100, '#ff0000'), { watermark }, { [MARK]: Buffer.from(svg) });
    for (const [x, y] of [
      [10, 10],
      [60, 10],
      [10, 40],
      [160, 70],
    ] as const) {
      expect([image.at(x - 1, y), image.at(x, y), image.at(x + 19, y), image.at(x + 20, y)]).toEqual([
        RED,
        GREEN,
        GREEN,
        BLUE,
      ]);
    }
  });

  test('never covers more than the image, however tall it is', async () => {
    const watermarks = { [MARK]: await plain(1, 50, '#00ff00') };
    const image = await make(
      await plain(30, 20, '#ff0000'),
      { watermark: { ...over, margin: 2, scale: 1 } },
      watermarks,
    );
    expect([image.size, image.at(27, 1), image.at(27, 2), image.at(27, 17), image.at(27, 18)]).toEqual([
      [30, 20],
      RED,
      GREEN,
      GREEN,
      RED,
    ]);
  });

  test('of words shows them as they are written, in any script of the font', async () => {
    const ink = async (text: string) => {
      const watermark = { text, opacity: 1, scale: 1, margin: 0, position: 'center', color: '#0f0' } as const;
      const image = await make(await plain(400, 60, '#ff0000'), { watermark });
      return image.data.filter((_, index) => index % 4 === 1 && image.data[index]! > 200).length;
    };
    const inks = await Promise.all(['Été © <b>', '&lt;b&gt; "\'', 'Привет', 'Ελλάδα'].map(ink));
    for (const covered of inks) expect(covered).toBeGreaterThan(400);
    // Markup would make the letters bold, or be no markup at all and fail.
    expect(await ink('<b>x</b>')).not.toBe(await ink('x'));
  });

  test('does not give an opaque image an alpha channel', async () => {
    const source = await openImage(
      await sharp(await quarters(40, 20))
        .jpeg()
        .toBuffer(),
      100,
    );
    const rendition = { name: 'a', format: 'png' as const, watermark: { text: 'a' } };
    const images: Made[] = [];
    const plan = planRenditions(source, [rendition], { placeholders: false, ...LIMITS });
    await transform({ source, plan, ...LIMITS }, (image) => images.push(image));
    expect((await sharp(images[0]!.data).metadata()).hasAlpha).toBe(false);
  });
});
