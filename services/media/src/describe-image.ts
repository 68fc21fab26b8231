import { stat } from 'node:fs/promises';
import type { OutputOf } from '@tandem/contracts/command';
import type { InspectImage } from '@tandem/contracts/media';
import { encode as encodeBlurHash } from 'blurhash';
import sharp, { type Metadata } from 'sharp';
import { decode } from './decode.js';
import { unreadable } from './image-errors.js';
import { layoutOf } from './layout.js';
import { paletteOf } from './palette.js';
import { HASH_SIDE, perceptualHash } from './perceptual-hash.js';
import { type Pixels, pipelineOf, pixelsOf } from './pixels.js';
import { PLACEHOLDER_SIDE, placeholderOf } from './placeholder.js';
import { profileName } from './profile-name.js';
import { readSafeExif } from './safe-exif.js';
import type { SourceImage } from './source-image.js';

/** What is known of an image. */
export type ImageDescription = OutputOf<typeof InspectImage>;

/** Colours, detail and hashes are taken from the picture at this size, so they do not depend on its resolution. */
const WORKING_SIDE = 512;
/** The aspect ratio is told apart from it. At 32, the waves of BlurHash, which begin at the first pixel, tint the corner. */
const BLUR_SIDE = 64;
const WHITE = '#ffffff';

/** libvips tells the depth in the name of the space. */
const COLOR_SPACES: Record<string, string> = {
  'b-w': 'gray',
  grey16: 'gray',
  srgb: 'rgb',
  rgb16: 'rgb',
  labs: 'lab',
};

/** Tells what an image is: its header, and one decoding at a small size. Transparent images are decoded whole, too. */
export async function describeImage(source: SourceImage, maxMegapixels: number): Promise<ImageDescription> {
  const { input, format, size, frames } = source;
  const metadata = await sharp(input, { limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw unreadable(format, cause);
    });
  const box = { width: WORKING_SIDE, height: WORKING_SIDE };
  const pixels = await decode(source, layoutOf(size, box, format === 'svg').output, maxMegapixels);
  return {
    format: format === 'heif' ? 'avif' : format,
    type: metadata.mediaType ?? 'application/octet-stream',
    size: typeof input === 'string' ? (await stat(input)).size : input.length,
    ...size,
    frames,
    durationMs: frames > 1 ? metadata.delay?.reduce((sum, delay) => sum + delay, 0) : undefined,
    orientation: metadata.orientation ?? 1,
    ...samplesOf(metadata),
    isOpaque: metadata.hasAlpha ? await isOpaque(source, pixels) : true,
    iccProfile: profileName(metadata.icc),
    density: format === 'svg' ? undefined : metadata.density,
    ...readSafeExif(metadata.exif, metadata.xmp),
    ...(await appearanceOf(pixels)),
  };
}

function samplesOf({ space, depth, channels, hasAlpha, bitsPerSample, isPalette }: Metadata) {
  const stored = depth === 'ushort' ? 16 : depth === 'float' ? 32 : 8;
  return {
    colorSpace: COLOR_SPACES[space] ?? space,
    // Of a palette it is the width of an index, not of a colour.
    bitDepth: isPalette ? stored : (bitsPerSample ?? stored),
    channels,
    hasAlpha,
  };
}

/** Of all pixels of all frames; a vector has none, so what is drawn decides. */
async function isOpaque({ input, format }: SourceImage, drawn: Pixels): Promise<boolean> {
  // Pages of a TIFF may differ in size, and cannot be read as one.
  const animated = format === 'gif' || format === 'webp';
  const pipeline =
    format === 'svg' ? pipelineOf(drawn) : sharp(input, { failOn: 'warning', limitInputPixels: false, animated });
  const alpha = await pipeline
    .toColourspace('srgb')
    .ensureAlpha()
    .extractChannel('alpha')
    .raw()
    .toBuffer()
    .catch((cause) => {
      throw unreadable(format, cause);
    });
  return alpha.every((value) => value === 255);
}

async function appearanceOf(pixels: Pixels) {
  const opaque = await pixelsOf(pipelineOf(pixels).flatten({ background: WHITE }));
  const [placeholder, rgba, tiny, grey, { entropy, sharpness }] = await Promise.all([
    placeholderOf(pixels, layoutOf(pixels, { width: PLACEHOLDER_SIDE, height: PLACEHOLDER_SIDE }).output),
    pixelsOf(pipelineOf(pixels).toColourspace('srgb').ensureAlpha()),
    pixelsOf(pipelineOf(opaque).resize(BLUR_SIDE, BLUR_SIDE, { fit: 'fill' }).toColourspace('srgb').ensureAlpha()),
    pixelsOf(pipelineOf(opaque).resize(HASH_SIDE, HASH_SIDE, { fit: 'fill' }).toColourspace('b-w')),
    pipelineOf(opaque).stats(),
  ]);
  const [across, down] = pixels.width >= pixels.height ? [4, 3] : [3, 4];
  return {
    ...placeholder,
    palette: paletteOf(rgba.data),
    blurHash: encodeBlurHash(new Uint8ClampedArray(tiny.data), BLUR_SIDE, BLUR_SIDE, across, down),
    perceptualHash: perceptualHash(grey.data),
    entropy: Math.round(entropy * 1_000) / 1_000,
    sharpness: Math.round(sharpness * 1_000) / 1_000,
  };
}
