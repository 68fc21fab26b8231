import sharp, { type Sharp } from 'sharp';

/** Decoded pixels: sRGB, 8 bits for each channel, upright. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
}

/** A new pipeline that reads `pixels` without copying them. */
export function pipelineOf({ data, ...raw }: Pixels): Sharp {
  return sharp(data, { raw, limitInputPixels: false });
}
