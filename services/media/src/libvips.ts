import sharp from 'sharp';

/** Loaders of the formats that the service accepts. libvips' others (PDF, PPM, Radiance ...) are attack surface only. */
const LOADERS = ['Jpeg', 'Png', 'Webp', 'Heif', 'Nsgif', 'Tiff', 'Svg'].map((format) => `VipsForeignLoad${format}`);

/**
 * Sets up libvips for a process that serves many images side by side; call it once, before the first image.
 * One thread for each image, so the images run in parallel (as many as `UV_THREADPOOL_SIZE`, which must be set before
 * Node starts) rather than the parts of one. No operation cache: no two jobs share an operation.
 */
export function configureLibvips(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.simd(true);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS });
}
