import { Fit } from '@tandem/contracts/image-options';
import type { Rendition } from '@tandem/contracts/media';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { turned } from './layout.js';
import { planRenditions } from './plan-renditions.js';
import type { SourceImage } from './source-image.js';

const side = fc.integer({ min: 1, max: 16_384 });
const size = fc.record({ width: side, height: side });

function sourceOf(given: Partial<SourceImage> = {}): SourceImage {
  const size = { width: 400, height: 200 };
  const plain = { deepProfile: false, rgbProfile: false, upright: true, hasAlpha: false };
  return { input: '/nowhere', format: 'jpeg', size, frames: 1, ...plain, ...given };
}

function plan(renditions: Omit<Rendition, 'name'>[], source = sourceOf(), placeholders = true, maxMegapixels = 1_000) {
  const named = renditions.map((options, index) => ({ name: `r${index}`, ...options }));
  return planRenditions(source, named, { placeholders, maxMegapixels });
}

test('the image is decoded large enough that no rendition enlarges what the source could have given', () => {
  const box = fc.record({ width: side, height: side, fit: fc.constantFrom(...Fit.options) });
  const rotate = fc.constantFrom(0, 90, 180, -90);
  fc.assert(
    fc.property(size, fc.array(fc.tuple(box, rotate), { minLength: 1, maxLength: 5 }), (whole, boxes) => {
      const wanted = boxes.map(([one, rotate]) => ({ ...one, rotate, format: 'png' as const }));
      const { renditions, workingSize } = plan(wanted, sourceOf({ size: whole }), true, 1e12);
      for (const { rendition, layout } of renditions) {
        const upright = turned(layout.scaled, rendition.rotate);
        expect(workingSize.srgb!.width).toBeGreaterThanOrEqual(Math.min(whole.width, upright.width));
        expect(workingSize.srgb!.height).toBeGreaterThanOrEqual(Math.min(whole.height, upright.height));
      }
    }),
  );
});

test('what is cropped is decoded at full size, and a vector at the size that its part is shown at', () => {
  const crop = { left: 10, top: 20, width: 40, height: 20 };
  expect(plan([{ crop, width: 10 }]).workingSize.srgb).toEqual({ width: 400, height: 200 });
  const vector = sourceOf({ format: 'svg' });
  expect(plan([{ crop, width: 80 }], vector).workingSize.srgb).toEqual({ width: 800, height: 400 });
});

describe('a rendition is made straight from the file', () => {
  const originOf = (options: object, source?: SourceImage) => plan([options], source, false).renditions[0]!.origin;

  test('when it is alone', () => {
    expect(originOf({ width: 100 })).toBe('file');
    expect(plan([{ width: 100 }]).renditions[0]!.origin).toBe('srgb');
  });

  test.each([{ quality: 'auto' }, { maxBytes: 1000 }, { trim: true }, { rotate: 3 }, { metadata: ['exif'] }] as const)(
    'but not with %j',
    (options) => {
      expect(originOf(options)).toBe('srgb');
    },
  );

  test('but not when a part is cut out of an image that lies on its side', () => {
    const cover = { fit: 'cover', width: 10, height: 10 } as const;
    expect(originOf(cover)).toBe('file');
    expect(originOf(cover, sourceOf({ upright: false }))).toBe('srgb');
  });
});

test('an animation is held with all its frames, but only where they are asked for', () => {
  const gif = sourceOf({ format: 'gif', frames: 10 });
  const still = plan([{ width: 100 }], gif);
  const moving = plan([{ width: 100, animated: true }], gif);
  expect([still.renditions[0]!.origin, moving.renditions[0]!.origin]).toEqual(['srgb', 'frames']);
  expect(still.pixels).toBe(400 * 200);
  expect(moving.pixels).toBe(400 * 200 * 10 + 100 * 50 * 10);
});

describe('refuses, by name', () => {
  const refusal = (options: Omit<Rendition, 'name'>, source?: SourceImage) => {
    try {
      plan([{}, options], source, true, 100);
    } catch (error) {
      return (error as { code: string; detail: string }).detail;
    }
    return 'taken';
  };

  test('a crop that reaches beyond the image', () => {
    expect(refusal({ crop: { left: 390, top: 0, width: 11, height: 5 } })).toBe(
      'Rendition "r1" crops 11 x 5 at (390, 0), but the image, upright, is 400 x 200. Keep the crop inside it.',
    );
    expect(refusal({ crop: { left: 390, top: 0, width: 10, height: 200 } })).toBe('taken');
  });

  test('a margin that leaves no room for a watermark', () => {
    const watermark = { text: 'a', margin: 50 };
    expect(refusal({ width: 100, watermark })).toMatch(/^Rendition "r1" is 100 x 50; a margin of 50 leaves no room/);
    expect(refusal({ watermark })).toBe('taken');
  });

  test('frames that are too many together', () => {
    const gif = sourceOf({ format: 'gif', frames: 500 });
    expect(refusal({ width: 1_000, enlarge: true, animated: true }, gif)).toMatch(
      /^Rendition "r1" is 1000 x 500 with 500 frames \(250 megapixels\)/,
    );
    expect(refusal({ width: 1_000, enlarge: true }, gif)).toBe('taken');
  });

  test('margins that make it too large', () => {
    expect(refusal({ extend: 4096, width: 10_000, fit: 'outside', format: 'webp' })).toMatch(
      /^Rendition "r1" is 18192 x 13192 \(240 megapixels\)/,
    );
  });

  test('a small part of a vector that would need an enormous drawing', () => {
    const vector = sourceOf({ format: 'svg', size: { width: 1000, height: 1000 } });
    const crop = { left: 0, top: 0, width: 10, height: 10 };
    expect(refusal({ crop, width: 1000 }, vector)).toMatch(/"r1", before it is cut to size, is 100000 x 100000/);
  });
});
