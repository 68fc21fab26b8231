import sharp from 'sharp';
import type { Task } from './tasks.ts';

const WINDOW = 8;
const STEP = 4;
// Wang et al., "Image quality assessment: from error visibility to structural similarity" (2004).
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

interface Grey {
  data: Uint8Array;
  width: number;
  height: number;
}

/**
 * What a task would give without loss: all pixels of the source decoded, and only then reduced. Twice: the shorter side
 * of a box is no whole number of pixels, and sharp's `inside` cuts that off where others stretch by it.
 */
export async function lossless(path: string, { width, height }: Task): Promise<Grey[]> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  const cut = await sharp(data, { raw: info }).resize(width, height, { fit: 'inside' }).png().toBuffer();
  const size = await sharp(cut).metadata();
  const stretched = await sharp(data, { raw: info }).resize(size.width, size.height, { fit: 'fill' }).png().toBuffer();
  return [await grey(cut), await grey(stretched)];
}

/** The luminance of an image file. */
export async function grey(file: Buffer): Promise<Grey> {
  const { data, info } = await sharp(file).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 1) throw new Error(`${info.channels} channels instead of one`);
  return { data, width: info.width, height: info.height };
}

/** Structural similarity of two images of one size: the mean over windows of 8 x 8 pixels; 1 is equal. */
export function ssim(a: Grey, b: Grey): number {
  if (a.width !== b.width || a.height !== b.height)
    throw new Error(`${a.width} x ${a.height} is not ${b.width} x ${b.height}`);
  let sum = 0;
  let windows = 0;
  for (let top = 0; top + WINDOW <= a.height; top += STEP) {
    for (let left = 0; left + WINDOW <= a.width; left += STEP) {
      sum += ofWindow(a, b, top * a.width + left);
      windows += 1;
    }
  }
  return sum / windows;
}

function ofWindow(a: Grey, b: Grey, start: number): number {
  const [count, row] = [WINDOW * WINDOW, a.width];
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let y = 0; y < WINDOW; y += 1) {
    for (let at = start + y * row; at < start + y * row + WINDOW; at += 1) {
      const [p, q] = [a.data[at]!, b.data[at]!];
      sumA += p;
      sumB += q;
      squaresA += p * p;
      squaresB += q * q;
      products += p * q;
    }
  }
  const [meanA, meanB] = [sumA / count, sumB / count];
  const [varianceA, varianceB] = [squaresA / count - meanA ** 2, squaresB / count - meanB ** 2];
  const covariance = products / count - meanA * meanB;
  return (
    ((2 * meanA * meanB + C1) * (2 * covariance + C2)) / ((meanA ** 2 + meanB ** 2 + C1) * (varianceA + varianceB + C2))
  );
}
