import { Compass, Fit, ImageFormat, ImageOptions, LOSSY } from '@tandem/contracts/image-options';
import { Rejected } from '@tandem/messaging/outcome';
import fc from 'fast-check';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { transform } from './image-process.js';
import type { Size } from './layout.js';
import { configureLibvips } from './libvips.js';
import { planRenditions } from './plan-renditions.js';
import { openImage, type SourceImage } from './source-image.js';

const LIMITS = { maxMegapixels: 100 };

beforeAll(configureLibvips);

const side = fc.integer({ min: 1, max: 90 });
const color = fc.constantFrom('#08f', '#0088ff', '#0088ff80', '#00000000');
const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const margin = fc.integer({ min: 0, max: 12 });

/** What part of the source is cropped, for its size is not known yet. */
const part = fc.option(fc.record({ left: fraction, top: fraction, width: fraction, height: fraction }));

const options = fc
  .record(
    {
      trim: fc.constantFrom(true, { threshold: 40 }),
      rotate: fc.oneof(fc.constantFrom(90, -90, 180, 270, 360), fc.double({ min: -360, max: 360, noNaN: true })),
      flip: fc.constantFrom('horizontal', 'vertical', 'both'),
      width: side,
      height: side,
      dpr: fc.constantFrom(1, 1.5, 2),
      fit: fc.constantFrom(...Fit.options),
      enlarge: fc.boolean(),
      gravity: fc.oneof(
        fc.constantFrom(...Compass.options, 'entropy', 'attention'),
        fc.record({ x: fraction, y: fraction }),
      ),
      extend: fc.oneof(margin, fc.record({ top: margin, right: margin, bottom: margin, left: margin })),
      background: color,
      blur: fc.constantFrom(0.3, 2, 30),
      sharpen: fc.constantFrom(true, 0.5, 5),
      grayscale: fc.boolean(),
      tint: color,
      watermark: fc.record(
        { text: fc.constant('©'), scale: fc.constantFrom(0.01, 0.5, 1), tile: fc.boolean() },
        { requiredKeys: ['text'] },
      ),
      format: fc.constantFrom(...ImageFormat.options),
      colorProfile: fc.constantFrom('srgb', 'keep'),
      quality: fc.constantFrom('auto', 60),
    },
    { requiredKeys: [] },
  )
  .map(({ quality, ...rest }) => ({ ...rest, ...(LOSSY.includes(rest.format ?? 'webp') && { quality }) }))
  .map((given) => ImageOptions.safeParse(given))
  .filter(({ success }) => success)
  .map(({ data }) => data!);

/** Photographs of all kinds, with and without alpha, profile, orientation; and vectors. */
const sources = fc
  .record({ width: side, height: side, kind: fc.constantFrom('jpeg', 'png', 'webp', 'p3', 'turned', 'svg') })
  .map(({ width, height, kind }) => async () => {
    if (kind === 'svg') {
      const shape = '<circle cx="50%" cy="50%" r="30%" fill="#f80"/>';
      return Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shape}</svg>`);
    }
    const channels = kind === 'png' ? 4 : 3;
    const data = Buffer.alloc(width * height * channels).map((_, index) => (index * index * 31) & 255);
    const image = sharp(data, { raw: { width, height, channels } });
    if (kind === 'p3') return image.withIccProfile('p3').jpeg().toBuffer();
    if (kind === 'turned') return image.withMetadata({ orientation: 6 }).jpeg().toBuffer();
    return image.toFormat(kind as 'jpeg').toBuffer();
  });

/** Largest output that the options allow: the box, times dpr, and what `extend` adds to it. */
function most({ width, height, dpr = 1, fit, extend = 0 }: ImageOptions): { width: number; height: number } {
  const added = typeof extend === 'number' ? { top: extend, right: extend, bottom: extend, left: extend } : extend;
  const free = fit === 'outside' && width && height;
  const limit = (length: number | undefined) => (length && !free ? Math.round(length * dpr) : Number.POSITIVE_INFINITY);
  return { width: limit(width) + added.left + added.right, height: limit(height) + added.top + added.bottom };
}

function cropOf(size: Size, share: { left: number; top: number; width: number; height: number }) {
  const [left, top] = [Math.floor(share.left * (size.width - 1)), Math.floor(share.top * (size.height - 1))];
  const [width, height] = [Math.ceil(share.width * (size.width - left)), Math.ceil(share.height * (size.height - top))];
  return { left, top, width: Math.max(1, width), height: Math.max(1, height) };
}

/** Undefined for an image that has to be refused: one that is too large before it is cut to its box. */
async function make(source: SourceImage, rendition: ImageOptions, placeholders: boolean) {
  const plan = planOf(source, rendition, placeholders);
  if (!plan) return undefined;
  const images: { data: Buffer; width: number; height: number }[] = [];
  await transform({ source, plan, ...LIMITS }, (image) => images.push(image));
  return { image: images[0]!, planned: plan.renditions[0]! };
}

function planOf(source: SourceImage, rendition: ImageOptions, placeholders: boolean) {
  try {
    return planRenditions(source, [{ name: 'a', ...rendition }], { placeholders, ...LIMITS });
  } catch (error) {
    if (error instanceof Rejected && error.code === 'image_too_large') return undefined;
    throw error;
  }
}

test('no image exceeds its box, whatever the options, and each is what it is said to be', async () => {
  await fc.assert(
    fc.asyncProperty(sources, options, part, fc.boolean(), async (drawn, given, share, placeholders) => {
      const source = await openImage(await drawn(), LIMITS.maxMegapixels);
      const rendition = share ? { ...given, crop: cropOf(source.size, share) } : given;
      const made = await make(source, rendition, placeholders);
      fc.pre(made !== undefined);
      const { image, planned } = made;
      const { width, height, format, exif, xmp, icc } = await sharp(image.data).metadata();
      expect([width, height]).toEqual([image.width, image.height]);
      expect(format).toBe(planned.rendition.format === 'avif' ? 'heif' : planned.rendition.format);
      expect(width).toBeLessThanOrEqual(most(rendition).width);
      expect(height).toBeLessThanOrEqual(most(rendition).height);
      expect([exif, xmp]).toEqual([undefined, undefined]);
      expect(icc !== undefined && rendition.colorProfile !== 'keep').toBe(false);
    }),
    { numRuns: 80, interruptAfterTimeLimit: 60_000 },
  );
}, 120_000);
