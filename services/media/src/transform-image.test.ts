import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { OutputOf } from '@tandem/contracts/command';
import { TransformImage } from '@tandem/contracts/media';
import { objectKey } from '@tandem/contracts/object';
import { loadConfig } from '@tandem/runtime/config';
import { FilesystemStore } from '@tandem/storage/filesystem-store';
import type { ObjectStore } from '@tandem/storage/object-store';
import fc from 'fast-check';
import sharp from 'sharp';
import { thumbHashToApproximateAspectRatio } from 'thumbhash';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MediaConfig } from './config.js';
import { ImageWorkshop } from './image-workshop.js';
import { TransformImageHandler } from './transform-image.js';

const PHOTOS = join(import.meta.dirname, '../../../examples/photos');
const SOURCE = '0193b3f0-0000-7000-8000-0000000000aa';
const MARK = '0193b3f0-0000-7000-8000-0000000000bb';
const JOB = '0193b3f0-0000-7000-8000-000000000001';
const TENANT = 'acme';

let dir: string;
let store: ObjectStore;
let photo: Buffer;
let workshop: ImageWorkshop;
let handler: TransformImageHandler;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-media-'));
  store = await FilesystemStore.open(dir);
  photo = await readFile(join(PHOTOS, 'hubble_deep_field.jpg'));
  workshop = new ImageWorkshop(store, loadConfig(MediaConfig, { NATS_URL: 'nats://unused' }));
  handler = new TransformImageHandler(store, workshop);
});
afterAll(async () => {
  workshop.onApplicationShutdown();
  await rm(dir, { recursive: true, force: true });
});

type Options = {
  progress?: (fraction: number, message?: string) => void;
  signal?: AbortSignal;
  missing?: boolean;
  /** Another object of the caller. */
  mark?: Buffer;
};

async function transform(
  bytes: Buffer,
  renditions: object[],
  options: Options = {},
): Promise<OutputOf<typeof TransformImage>> {
  const source = objectOf(SOURCE, bytes);
  if (!options.missing) await store.write(source.key, bytes);
  const mark = objectOf(MARK, options.mark ?? Buffer.alloc(0));
  if (options.mark) await store.write(mark.key, options.mark);
  const objects = { [SOURCE]: source, ...(options.mark && { [MARK]: mark }) };
  const output = await handler.handle({
    data: TransformImage.input.parse({ source: { object: SOURCE }, renditions }),
    job: { id: JOB, tenant: TENANT, actor: 'tester', attempt: 1, attempts: 5, objects },
    signal: options.signal ?? new AbortController().signal,
    progress: options.progress ?? (() => {}),
  });
  return TransformImage.output.parse(output);
}

function objectOf(id: string, bytes: Buffer) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { id, key: objectKey(TENANT, sha256), size: bytes.length, type: 'image/jpeg', sha256 };
}

const content = async (key: string) => buffer(await store.read(key));
const FORMATS = ['avif', 'webp', 'jpeg', 'png'] as const;

describe('renditions', () => {
  test('come in every fit and format from one source, as described', async () => {
    const box = { width: 200, height: 200 };
    const fits = ['cover', 'contain', 'fill', 'inside', 'outside'];
    const wanted = fits.flatMap((fit) => FORMATS.map((format) => ({ name: `${fit}-${format}`, fit, format, ...box })));
    const { source, renditions } = await transform(photo, wanted);
    expect(source).toEqual({ width: 1000, height: 872, format: 'jpeg' });
    expect(renditions.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
    const sizes: Record<string, number[]> = { inside: [200, 174], outside: [229, 200] };
    for (const { name, width, height, type, format, key, size, sha256 } of renditions) {
      expect([width, height]).toEqual(sizes[name.split('-')[0]!] ?? [200, 200]);
      const bytes = await content(key);
      const metadata = await sharp(bytes).metadata();
      expect(metadata).toMatchObject({ width, height, format: format === 'avif' ? 'heif' : format, depth: 'uchar' });
      expect(type).toBe(`image/${format}`);
      expect(key).toBe(objectKey(TENANT, sha256));
      expect([bytes.length, createHash('sha256').update(bytes).digest('hex')]).toEqual([size, sha256]);
    }
  });

  test('are never larger than their box, whatever source and box', async () => {
    const side = fc.integer({ min: 1, max: 300 });
    await fc.assert(
      fc.asyncProperty(
        side,
        side,
        side,
        side,
        fc.constantFrom('inside', 'contain'),
        async (w, h, width, height, fit) => {
          const source = await sharp({ create: { width: w, height: h, channels: 3, background: 'teal' } })
            .png()
            .toBuffer();
          const { renditions } = await transform(source, [{ name: 'a', width, height, fit, format: 'jpeg' }]);
          const metadata = await sharp(await content(renditions[0]!.key)).metadata();
          expect(metadata).toMatchObject({ width: renditions[0]!.width, height: renditions[0]!.height });
          expect(metadata.width).toBeLessThanOrEqual(fit === 'contain' ? width : Math.min(width, w));
          expect(metadata.height).toBeLessThanOrEqual(fit === 'contain' ? height : Math.min(height, h));
        },
      ),
      { numRuns: 30, interruptAfterTimeLimit: 60_000 },
    );
  });

  test('have the same ids and bytes when the job runs again', async () => {
    const wanted = FORMATS.map((format) => ({ name: format, width: 120, format }));
    expect(await transform(photo, wanted)).toEqual(await transform(photo, wanted));
  });

  test('carry no EXIF, GPS, XMP or colour profile, in any format', async () => {
    const located = await sharp(photo)
      .withExif({ IFD0: { Copyright: 'Somebody' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 3230/100' } })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><place>Paris</place></x:xmpmeta>')
      .withIccProfile('p3')
      .jpeg()
      .toBuffer();
    expect(await sharp(located).metadata()).toMatchObject({
      exif: expect.any(Buffer),
      xmp: expect.any(Buffer),
      hasProfile: true,
    });
    const { renditions } = await transform(
      located,
      FORMATS.map((format) => ({ name: format, format, width: 200 })),
    );
    for (const { key } of renditions) {
      const bytes = await content(key);
      const { exif, xmp, iptc, icc } = await sharp(bytes).metadata();
      expect({ exif, xmp, iptc, icc }).toEqual({});
      expect(bytes.includes('Somebody') || bytes.includes('Paris')).toBe(false);
    }
  });

  test('keep transparency, and are white below it in JPEG', async () => {
    const clear = await sharp({ create: { width: 50, height: 50, channels: 4, background: '#ff000000' } })
      .png()
      .toBuffer();
    const { renditions, dominantColor } = await transform(
      clear,
      FORMATS.map((format) => ({ name: format, format })),
    );
    expect(dominantColor).toBe('#ffffff');
    for (const { key, format } of renditions) {
      const pixel = [
        ...(
          await sharp(await content(key))
            .raw()
            .toBuffer()
        ).subarray(0, format === 'jpeg' ? 3 : 4),
      ];
      if (format === 'jpeg') expect(pixel).toEqual([255, 255, 255]);
      else expect(pixel[3]).toBe(0);
    }
  });

  test('of an animation show its first frame', async () => {
    const frame = (background: string) =>
      sharp({ create: { width: 20, height: 20, channels: 3, background } })
        .png()
        .toBuffer();
    const animation = await sharp([await frame('red'), await frame('blue')], { join: { animated: true } })
      .gif()
      .toBuffer();
    const { renditions } = await transform(animation, [{ name: 'a', format: 'png' }]);
    const still = await content(renditions[0]!.key);
    expect(await sharp(still).metadata()).toMatchObject({ width: 20, height: 20 });
    expect([...(await sharp(still).raw().toBuffer()).subarray(0, 3)]).toEqual([255, 0, 0]);
  });
});

test('sizes that only the pixels tell are those of the result', async () => {
  const square = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#f00' } })
    .extend({ top: 5, bottom: 7, left: 9, right: 11, background: '#fff' })
    .png()
    .toBuffer();
  const { renditions } = await transform(square, [{ name: 'a', format: 'png', trim: true }]);
  expect(renditions[0]).toMatchObject({ width: 30, height: 20 });
});

describe('a watermark that is an object', () => {
  const marked = [{ name: 'a', format: 'png', watermark: { image: { object: MARK }, opacity: 1, position: 'center' } }];

  test('is laid over the image', async () => {
    const mark = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 2"><path d="M0 0h2v2h-2z" fill="#0f0"/></svg>',
    );
    const { renditions } = await transform(photo, marked, { mark });
    const { data, info } = await sharp(await content(renditions[0]!.key))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const middle = ((info.height >> 1) * info.width + (info.width >> 1)) * info.channels;
    expect([...data.subarray(middle, middle + 3)]).toEqual([0, 255, 0]);
  });

  test.each([
    ['is no image', Buffer.from('words'), /^Watermark: The bytes of the object are text/],
    ['reaches outside', Buffer.from('<svg><image href="file:///etc/passwd"/></svg>'), /^Watermark: The SVG refers to/],
    ['is gone', undefined, /^Watermark: The source object no longer exists/],
  ])('is refused when it %s', async (_, mark, detail) => {
    await expect(transform(photo, marked, { mark })).rejects.toMatchObject({
      name: 'Rejected',
      detail: expect.stringMatching(detail),
    });
  });
});

test('the placeholder has the image in small: aspect ratio and main colour', async () => {
  const cover = [{ name: 'square', width: 64, height: 64, fit: 'cover' }];
  const { thumbHash, dominantColor } = await transform(await readFile(join(PHOTOS, 'coffee.png')), cover);
  expect(thumbHashToApproximateAspectRatio(Buffer.from(thumbHash!, 'base64'))).toBeCloseTo(1.5, 0);
  expect(dominantColor).toMatch(/^#[0-9a-f]{6}$/);
  const teal = await sharp({ create: { width: 9, height: 9, channels: 3, background: '#008080' } })
    .png()
    .toBuffer();
  expect((await transform(teal, cover)).dominantColor).toBe('#008080');
});

test('progress grows to 1 and names what is ready', async () => {
  const steps: [number, string | undefined][] = [];
  const wanted = ['a', 'b', 'c'].map((name) => ({ name, width: 50, format: 'jpeg' }));
  await transform(photo, wanted, { progress: (fraction, message) => steps.push([fraction, message]) });
  expect(steps.map(([fraction]) => fraction)).toEqual([1 / 3, 2 / 3, 1]);
  expect(steps.map(([, name]) => name).sort()).toEqual(['a', 'b', 'c']);
});

describe('gives up', () => {
  const one = [{ name: 'a', width: 50 }];

  test('when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(transform(photo, one, { signal })).rejects.toThrow('shutting down');
  });

  test('for good on a text that is named .jpg', async () => {
    await expect(transform(Buffer.from('not a photo'), one)).rejects.toMatchObject({
      name: 'Rejected',
      code: 'unsupported_media_type',
    });
  });

  test('for good when the source is gone', async () => {
    const gone = transform(Buffer.from('never stored'), one, { missing: true });
    await expect(gone).rejects.toMatchObject({ name: 'Rejected', code: 'not_found' });
  });

  test.each([
    [{ width: 16_384, height: 16_384, fit: 'fill', format: 'png' }, /"a" is 16384 x 16384 \(269 megapixels\)/],
    [{ width: 16_384, height: 10, fit: 'fill', format: 'webp' }, /"a" is 16384 x 10; WebP holds at most 16383/],
  ])('before any work on a rendition that is too large', async (box, detail) => {
    await expect(transform(photo, [{ name: 'a', ...box }])).rejects.toMatchObject({
      code: 'image_too_large',
      detail: expect.stringMatching(detail),
    });
  });
});

test('a MEDIA_JEMALLOC that cannot be loaded stops the start, and names itself', async () => {
  const settings = { NATS_URL: 'nats://unused', MEDIA_JEMALLOC: '/nowhere/libjemalloc.so.2', MEDIA_CONCURRENCY: '1' };
  const wrong = new ImageWorkshop(store, loadConfig(MediaConfig, settings));
  await expect(wrong.checkProcesses()).rejects.toThrow(/^MEDIA_JEMALLOC: \/nowhere\/libjemalloc.so.2 cannot be loaded/);
  wrong.onApplicationShutdown();
});
