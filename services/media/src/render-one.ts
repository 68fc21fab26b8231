import type { ImageFormat, ImageOptions } from '@tandem/contracts/image-options';
import type { StoredObject } from '@tandem/contracts/object';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { MediaConfig } from './config.js';
import { decode } from './decode.js';
import { checkPixels } from './image-errors.js';
import { layoutOf, workingSize } from './layout.js';
import { PixelBudget } from './pixel-budget.js';
import { readSource } from './read-source.js';
import { checkFormatHolds, render } from './render.js';
import { inspect } from './source-image.js';

/** One image to make. */
export interface OneImage {
  source: StoredObject;
  options: ImageOptions;
  /** The objects that the options name, by id. */
  objects: Readonly<Record<string, StoredObject>>;
  signal: AbortSignal;
}

/** An image that was made. */
export interface RenderedImage {
  bytes: Uint8Array;
  format: ImageFormat;
  width: number;
  height: number;
}

/** Makes one image from an object. Throws `Rejected` for a source or options that cannot be. */
export type RenderOne = (image: OneImage) => Promise<RenderedImage>;

/** {@link RenderOne} within the limits of `config`. */
export function rendererOf(store: ObjectStore, config: MediaConfig): RenderOne {
  const { MEDIA_MAX_MEGAPIXELS: maxMegapixels, MEDIA_TIMEOUT_S: seconds } = config;
  const budget = new PixelBudget(config.MEDIA_MEMORY_MEGAPIXELS * 1_000_000);
  return async ({ source, options, signal }) => {
    const svgLimits = { seconds: config.MEDIA_SVG_TIMEOUT_S, signal };
    const rendition = { ...options, name: 'image' };
    const image = await inspect(await readSource(store, source, config.MEDIA_MAX_MB), maxMegapixels, svgLimits);
    const vector = image.format === 'svg';
    const layout = layoutOf(image.size, rendition, vector);
    for (const size of [layout.scaled, layout.output]) checkPixels('The result', size, 1, maxMegapixels);
    checkFormatHolds(rendition, layout);
    const size = workingSize(image.size, [layout], vector);
    const pixels = Math.max(image.size.width * image.size.height, size.width * size.height);
    using _room = await budget.take(pixels, signal);
    const decoded = await decode(image, size, { seconds, maxMegapixels, svgLimits });
    signal.throwIfAborted();
    const bytes = await render(decoded, rendition, layout, seconds);
    return { bytes, format: options.format ?? 'webp', ...layout.output };
  };
}
