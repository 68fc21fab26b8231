import type { Rendition } from '@tandem/contracts/media';
import { type Encoded, encodeImage } from './encode-image.js';
import type { Layout, Size } from './layout.js';
import { type Pixels, pipelineOf } from './pixels.js';

const WHITE = '#ffffff';
const TRANSPARENT = { r: 0, g: 0, b: 0, alpha: 0 };

/** Makes one rendition of decoded pixels. Padding, and transparency in JPEG, is white; elsewhere padding is transparent. */
export async function render(pixels: Pixels, rendition: Rendition, layout: Layout): Promise<Encoded> {
  const { scaled, output } = layout;
  const opaque = rendition.format === 'jpeg';
  const pipeline = pipelineOf(pixels);
  if (scaled.width !== pixels.width || scaled.height !== pixels.height) {
    pipeline.resize(scaled.width, scaled.height, { fit: 'fill' });
  }
  if (opaque) pipeline.flatten({ background: WHITE });
  if (rendition.fit === 'cover') pipeline.extract(centre(scaled, output));
  if (rendition.fit === 'contain')
    pipeline.extend({ ...margins(scaled, output), background: opaque ? WHITE : TRANSPARENT });
  const { format = 'webp', quality, lossless, maxBytes } = rendition;
  const what = `Rendition "${rendition.name}"`;
  return encodeImage(() => pipeline.clone(), { format, quality, lossless, maxBytes, what });
}

function centre(image: Size, { width, height }: Size) {
  return { left: (image.width - width) >> 1, top: (image.height - height) >> 1, width, height };
}

function margins(image: Size, box: Size) {
  const [left, top] = [(box.width - image.width) >> 1, (box.height - image.height) >> 1];
  return { left, top, right: box.width - image.width - left, bottom: box.height - image.height - top };
}
