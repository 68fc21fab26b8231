import type { ImageFormat } from '@tandem/contracts/image-options';
import type { Sharp } from 'sharp';
import type { QualitySearch } from './search-quality.js';

/** How to encode; what is left out is as measured to be best for a rendition. */
export interface EncoderSettings {
  quality?: number;
  lossless?: boolean;
  /** Spends time for bytes, for files that are made once and kept. */
  thorough?: boolean;
  /** jpeg: the tables of the standard also where others are better; a source with them then changes least. */
  standardTables?: boolean;
  /** Resolution of the colours against that of the luminance; jpeg and avif. */
  chroma?: '4:4:4' | '4:2:0';
}

/** Formats with a quality to search for. */
export type LossyFormat = Exclude<ImageFormat, 'png' | 'gif'>;

export const DEFAULT_QUALITY: Record<LossyFormat, number> = { avif: 50, webp: 80, jpeg: 80 };

/** Below it, no picture is worth its bytes; imgproxy stops there too. */
export const LOWEST_QUALITY = 10;

/** Encoders, at settings chosen by measurement on one core, a photo of 720 x 588 (time, bytes). */
export const ENCODERS: Record<ImageFormat, (pipeline: Sharp, settings: EncoderSettings) => Sharp> = {
  // Effort 3 takes 2.3 times as long for 4 % less; 4:2:0 saves 5 %.
  avif: (pipeline, { quality = DEFAULT_QUALITY.avif, lossless, chroma = '4:2:0' }) =>
    pipeline.avif(lossless ? { lossless, effort: 2 } : { quality, effort: 2, chromaSubsampling: chroma }),
  // Effort 4, sharp's default, takes 1.5 to 1.9 times as long for 4 % less.
  webp: (pipeline, { quality = DEFAULT_QUALITY.webp, lossless, thorough }) =>
    pipeline.webp({ effort: thorough ? 4 : 2, ...(lossless ? { lossless } : { quality }) }),
  // mozjpeg takes 2.4 times as long for 16 % less: WebP and AVIF are there for whom bytes matter.
  jpeg: (pipeline, { quality = DEFAULT_QUALITY.jpeg, thorough = false, standardTables, chroma = '4:2:0' }) => {
    const tables = thorough && standardTables ? { quantisationTable: 0 } : {};
    return pipeline.jpeg({ quality, chromaSubsampling: chroma, mozjpeg: thorough, ...tables });
  },
  png: (pipeline, { thorough }) => pipeline.png(thorough ? { compressionLevel: 9, adaptiveFiltering: true } : {}),
  // Effort 7, sharp's default, takes 3.9 times as long for 7 % less.
  gif: (pipeline, { thorough }) => pipeline.gif({ effort: thorough ? 7 : 4 }),
};

/**
 * The search for the lowest quality at which a picture looks the same. The targets were set by twelve pictures of at most
 * 800 pixels a side (examples/photos, and Debian's mate-backgrounds) so that all formats come out at one distance by an
 * independent measure, butteraugli's 3-norm, where 1 is just visible from near. See the README for the table.
 */
export const LOOKS_THE_SAME: Record<LossyFormat, QualitySearch> = {
  avif: { target: 0.995, start: 58, floor: 40, ceiling: 75 },
  webp: { target: 0.995, start: 80, floor: 60, ceiling: 90 },
  jpeg: { target: 0.996, start: 74, floor: 60, ceiling: 90 },
};
