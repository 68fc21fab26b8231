import sharp, { type Sharp } from 'sharp';

/** Decoded pixels: 8 bits for each channel, upright, sRGB unless they carry a profile. */
export interface Pixels {
  data: Buffer;
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
  /** ICC profile of their colours, when those are not sRGB. */
  icc?: Buffer;
}

/** A new pipeline that reads `pixels` without copying them. */
export function pipelineOf({ data, width, height, channels }: Pixels): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

/** Runs a pipeline. The numbers stay as they are, so a profile of the input is that of the output. */
export async function pixelsOf(pipeline: Sharp, icc?: Buffer): Promise<Pixels> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels, icc };
}
