import { type ImageFormat, type ImageOptions, LOSSY } from '@tandem/contracts/image-options';

/**
 * The format for a browser that sent `accept`, where the options name none: AVIF or WebP where it says that it takes them,
 * else JPEG; PNG when the source may be transparent, GIF when it is to move. A wildcard promises nothing: every
 * client sends one.
 */
export function chooseFormat(accept: string | undefined, options: ImageOptions, sourceType: string): ImageFormat {
  const takes = (format: ImageFormat) => isAccepted(accept, `image/${format}`);
  if (options.animated) return takes('webp') ? 'webp' : 'gif';
  if (takes('avif')) return 'avif';
  if (takes('webp')) return 'webp';
  return sourceType === 'image/jpeg' && !options.lossless ? 'jpeg' : 'png';
}

/** The options for one format: without what that format does not have. */
export function optionsFor({ quality, maxBytes, lossless, ...rest }: ImageOptions, format: ImageFormat): ImageOptions {
  const options: ImageOptions = { ...rest, format };
  if (LOSSY.includes(format)) Object.assign(options, quality !== undefined && { quality }, maxBytes && { maxBytes });
  if ((format === 'webp' || format === 'avif') && lossless) options.lossless = lossless;
  return options;
}

function isAccepted(accept: string | undefined, type: string): boolean {
  return (accept ?? '')
    .toLowerCase()
    .split(',')
    .some((range) => {
      const [name = '', ...parameters] = range.split(';').map((part) => part.trim());
      return name === type && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    });
}
