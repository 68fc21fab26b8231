/** What a search for a size goes by. */
export interface SizeSearch {
  maxBytes: number;
  /** The lowest quality that may be tried. */
  floor: number;
  /** The quality that is wanted, if it fits. */
  ceiling: number;
}

/** One encoding. */
export interface SizeTrial {
  quality: number;
  data: Uint8Array;
}

const MAX_TRIALS = 5;
/** How the logarithm of the size grows with each step of quality; the median of twelve photographs, all formats. */
const SLOPE = 0.03;
/** What is left of the limit and not worth another encoding. */
const CLOSE = 0.05;

/**
 * Finds the highest quality up to the ceiling that fits, by at most five trials, interpolating the logarithm of the size.
 * When nothing fits, the answer is the trial at the floor.
 */
export async function searchBytes<T extends SizeTrial>(
  { maxBytes, floor, ceiling }: SizeSearch,
  attempt: (quality: number) => Promise<T>,
): Promise<T> {
  const goal = Math.log(maxBytes);
  let fits: T | undefined;
  let large: T | undefined;
  let quality = ceiling;
  for (let trials = 1; ; trials++) {
    const trial = await attempt(quality);
    const slope = slopeOf(trial, large ?? fits);
    if (trial.data.length <= maxBytes) fits = trial;
    else large = trial;
    if (quality === floor && !fits) return trial;
    const done = fits && (fits.quality === ceiling || fits.data.length > maxBytes * (1 - CLOSE));
    const next = quality + (goal - Math.log(trial.data.length) - CLOSE / 2) / slope;
    const [low, high] = [fits ? fits.quality + 1 : floor, large ? large.quality - 1 : ceiling];
    if (fits && (done || low > high || trials === MAX_TRIALS)) return fits;
    // The last trial must tell whether anything fits at all.
    quality = !fits && trials === MAX_TRIALS - 1 ? floor : Math.max(low, Math.min(high, Math.round(next)));
  }
}

function slopeOf(a: SizeTrial, b: SizeTrial | undefined): number {
  if (!b || a.quality === b.quality) return SLOPE;
  const measured = (Math.log(a.data.length) - Math.log(b.data.length)) / (a.quality - b.quality);
  // Near the top, size grows faster, and near the bottom it hardly moves.
  return Math.min(SLOPE * 4, Math.max(SLOPE / 3, measured));
}
