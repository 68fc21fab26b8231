import sharp, { type Sharp } from 'sharp';
import { type Pixels, pipelineOf, pixelsOf } from './pixels.js';
import { samplePixels } from './sample-pixels.js';
import { type Luminance, similarity } from './similarity.js';

/** The middle, so that white and black drawings on transparency both stand out from it. */
const GREY = { r: 128, g: 128, b: 128 };

/** The luminance of what a pipeline gives. */
export async function luminanceOf(pipeline: Sharp): Promise<Luminance> {
  return pixelsOf(pipeline.flatten({ background: GREY }).toColourspace('b-w'));
}

/** How alike two images of one size look, files (all frames of them) or pixels; of large ones, a sample. 1 is equal. */
export async function similarityOf(a: Buffer | Pixels, b: Buffer): Promise<number> {
  const seen = await sampleOf(a);
  return roundSimilarity(similarity(seen, await sampleOf(b)));
}

/** To four decimals: finer differences mean nothing. */
export function roundSimilarity(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

async function sampleOf(image: Buffer | Pixels): Promise<Luminance> {
  // Without the profile: what was made of pixels has theirs, if any.
  const file = () => sharp(image as Buffer, { animated: true, limitInputPixels: false, ignoreIcc: true });
  const pixels = 'channels' in image ? image : await pixelsOf(file());
  return luminanceOf(pipelineOf(samplePixels(pixels)));
}
