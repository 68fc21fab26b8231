/** What a search for a quality goes by. */
export interface QualitySearch {
  /** Similarity to reach. */
  target: number;
  /** Where to begin: what most pictures need. */
  start: number;
  floor: number;
  ceiling: number;
}

/** One encoding. */
export interface Trial {
  quality: number;
  similarity: number;
}

const MAX_TRIALS = 4;
/** How the logarithm of what is lost falls with each step of quality; the median of twelve photographs, all formats. */
const SLOPE = -0.037;
/** Below this gain a step the loss comes from elsewhere, such as chroma subsampling: more quality buys nothing. */
const FLAT = -0.01;
/** So little more than needed is as good as found: 2 to 4 steps of quality. */
const CLOSE = 0.15;

/**
 * Finds the lowest quality that reaches the target by at most four trials, or the best there is. Interpolates what is
 * lost (1 - similarity) on a logarithmic scale, where it is nearly a straight line.
 */
export async function searchQuality<T extends Trial>(
  { target, start, floor: lowest, ceiling }: QualitySearch,
  attempt: (quality: number) => Promise<T>,
): Promise<T> {
  const floor = Math.min(lowest, ceiling);
  const goal = Math.log(1 - target);
  const trials: T[] = [];
  let quality = Math.max(floor, Math.min(ceiling, start));
  while (trials.length < MAX_TRIALS) {
    trials.push(await attempt(quality));
    trials.sort((a, b) => a.quality - b.quality);
    const below = trials.findLast(({ similarity }) => similarity < target);
    const enough = trials.find(({ similarity }) => similarity >= target);
    if (enough && (goal - lossOf(enough) < CLOSE || enough.quality === floor)) return enough;
    if (!enough && gainsNothing(trials)) return trials[0]!;
    const next = Math.round(guess(below, enough, trials, goal));
    quality = Math.max((below?.quality ?? floor - 1) + 1, Math.min((enough?.quality ?? ceiling + 1) - 1, next));
    if (trials.some((trial) => trial.quality === quality) || quality < floor || quality > ceiling) break;
  }
  return trials.find(({ similarity }) => similarity >= target) ?? trials.at(-1)!;
}

function guess(below: Trial | undefined, enough: Trial | undefined, trials: Trial[], goal: number): number {
  if (below && enough) {
    const slope = slopeOf(below, enough);
    return below.quality + (goal - lossOf(below)) / slope + 0.5;
  }
  const [from, other] = enough ? [trials[0]!, trials[1]] : [trials.at(-1)!, trials.at(-2)];
  const measured = other ? slopeOf(from, other) : SLOPE;
  const slope = Math.min(SLOPE / 3, Math.max(SLOPE * 3, measured));
  return from.quality + (goal - lossOf(from)) / slope;
}

function gainsNothing(trials: Trial[]): boolean {
  const [first, ...rest] = trials;
  return rest.length > 0 && slopeOf(first!, rest.at(-1)!) > FLAT;
}

function slopeOf(a: Trial, b: Trial): number {
  return (lossOf(a) - lossOf(b)) / (a.quality - b.quality);
}

/** Equal pictures would lose nothing, which has no logarithm. */
function lossOf({ similarity }: Trial): number {
  return Math.log(Math.max(1e-9, 1 - similarity));
}
