const SIDE = 32;
const KEPT = 8;

/** Side of the grey picture that {@link perceptualHash} takes. */
export const HASH_SIDE = SIDE;

/** Rows of the discrete cosine transform (type II), but for the first, which is the mean. */
const WAVES = Array.from({ length: KEPT }, (_, wave) =>
  Float64Array.from({ length: SIDE }, (_, at) => Math.cos((Math.PI * (2 * at + 1) * (wave + 1)) / (2 * SIDE))),
);

/**
 * Hash of what a picture shows, 64 bits in hexadecimal: pHash by the discrete cosine transform (C. Zauner,
 * "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, 3.2.1). The 8 x 8 lowest waves of a grey
 * picture of 32 x 32, each bit telling whether one is stronger than their median. Copies that were resized or
 * recompressed differ in few bits, other pictures in about 32.
 */
export function perceptualHash(grey: Uint8Array): string {
  const strengths = WAVES.flatMap((down) => WAVES.map((across) => strengthOf(grey, down, across)));
  const median = middleOf(strengths);
  const bits = strengths.map((strength) => (strength > median ? '1' : '0')).join('');
  return BigInt(`0b${bits}`).toString(16).padStart(16, '0');
}

/** Bits in which two hashes differ. */
export function hammingDistance(a: string, b: string): number {
  const difference = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  return difference.toString(2).replaceAll('0', '').length;
}

function strengthOf(grey: Uint8Array, down: Float64Array, across: Float64Array): number {
  let sum = 0;
  for (let y = 0; y < SIDE; y++) {
    let row = 0;
    for (let x = 0; x < SIDE; x++) row += grey[y * SIDE + x]! * across[x]!;
    sum += row * down[y]!;
  }
  return sum;
}

function middleOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[half - 1]! + sorted[half]!) / 2;
}
