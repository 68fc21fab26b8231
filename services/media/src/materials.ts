import type { SourceImage } from './source-image.js';

/** What renditions are made from and by, besides their own options. */
export interface Materials {
  source: SourceImage;
  /** Images of watermarks, by the ids of their objects. */
  watermarks: Record<string, SourceImage>;
  maxMegapixels: number;
}
