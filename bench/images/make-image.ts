import sharp, { type Sharp } from 'sharp';
import type { Format, Task } from './tasks.ts';

/** Whose settings of the encoders are taken: those of the media service, or what sharp does when it is told nothing. */
export type Efforts = 'tandem' | 'default';

/** `services/media/src/render.ts` has the same, so that a comparison shows the way through the system and nothing else. */
const ENCODERS: Record<Efforts, Record<Format, (image: Sharp, quality: number | undefined) => Sharp>> = {
  tandem: {
    jpeg: (image, quality) => image.jpeg({ quality }),
    png: (image) => image.png(),
    webp: (image, quality) => image.webp({ quality, effort: 2 }),
    avif: (image, quality) => image.avif({ quality, effort: 2, chromaSubsampling: '4:2:0' }),
  },
  default: {
    jpeg: (image, quality) => image.jpeg({ quality }),
    png: (image) => image.png(),
    webp: (image, quality) => image.webp({ quality }),
    avif: (image, quality) => image.avif({ quality }),
  },
};

/** sharp as its documentation has it, for many images side by side. */
export function configureSharp(): void {
  sharp.concurrency(1);
  sharp.cache(false);
}

/** A task done with sharp and nothing else. */
export function makeImage(path: string, { width, height, format, quality }: Task, efforts: Efforts): Promise<Buffer> {
  const image = sharp(path, { failOn: 'warning', autoOrient: true });
  image.resize(width, height, { fit: 'inside', withoutEnlargement: true });
  return ENCODERS[efforts][format](image, quality).toBuffer();
}
