import type { PDFContext } from '@cantoo/pdf-lib';
import { Rejected } from '@tandem/messaging/outcome';
import sharp from 'sharp';
import type { Mark } from './mark.js';

/** Longest side in pixels: 300 dpi on A4. */
const MAX_SIDE = 3_508;
const MAX_PIXELS = 100_000_000;
const FORMATS = ['png', 'jpeg', 'webp', 'heif', 'gif', 'tiff'];

/** Embeds an image, upright, in sRGB, with its transparency. Throws `Rejected` when it cannot be read. */
export async function imageMark(context: PDFContext, data: Uint8Array): Promise<Mark> {
  const { pixels, width, height, alpha } = await decoded(data);
  const common = { Type: 'XObject', Subtype: 'Image', Width: width, Height: height, BitsPerComponent: 8 };
  const mask = alpha && context.register(context.flateStream(alpha, { ...common, ColorSpace: 'DeviceGray' }));
  const jpeg = mask
    ? undefined
    : await sharp(pixels, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 90 })
        .toBuffer();
  const image = jpeg
    ? context.stream(jpeg, { ...common, ColorSpace: 'DeviceRGB', Filter: 'DCTDecode' })
    : context.flateStream(pixels, { ...common, ColorSpace: 'DeviceRGB', SMask: mask });
  const form = context.flateStream(`${width} 0 0 ${height} 0 0 cm /I Do`, {
    Type: 'XObject',
    Subtype: 'Form',
    BBox: [0, 0, width, height],
    Resources: { XObject: { I: context.register(image) } },
  });
  return { ref: context.register(form), width, height };
}

async function decoded(data: Uint8Array) {
  try {
    const image = sharp(data, { limitInputPixels: MAX_PIXELS, failOn: 'error' });
    const { format } = await image.metadata();
    if (!FORMATS.includes(format ?? '')) throw new TypeError(`${format} is not accepted`);
    const { data: rgba, info } = await image
      .autoOrient()
      .resize({ width: MAX_SIDE, height: MAX_SIDE, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, ...separate(rgba) };
  } catch (cause) {
    const detail =
      'watermark.image: the image cannot be read, or has more than 100 million pixels. Send a PNG, JPEG, WebP, AVIF, GIF or TIFF file.';
    throw new Rejected('image_unreadable', detail, { cause });
  }
}

/** Colours, and the transparency where there is any. */
function separate(rgba: Buffer): { pixels: Buffer; alpha?: Buffer } {
  const count = rgba.length / 4;
  const pixels = Buffer.alloc(3 * count);
  const alpha = Buffer.alloc(count);
  let opaque = true;
  for (let index = 0; index < count; index++) {
    pixels[3 * index] = rgba[4 * index]!;
    pixels[3 * index + 1] = rgba[4 * index + 1]!;
    pixels[3 * index + 2] = rgba[4 * index + 2]!;
    alpha[index] = rgba[4 * index + 3]!;
    opaque &&= alpha[index] === 255;
  }
  return opaque ? { pixels } : { pixels, alpha };
}
