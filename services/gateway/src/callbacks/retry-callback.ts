/** Waits after a failed attempt, in seconds: 12 attempts over 23 hours. */
const WAITS_S = [5, 30, 120, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 32_400];

/**
 * Milliseconds until the next attempt, a tenth more or less so that what failed together does not come back together;
 * undefined when `attempts` were enough.
 */
export function waitAfter(attempts: number, random: () => number = Math.random): number | undefined {
  const seconds = WAITS_S[attempts - 1];
  return seconds === undefined ? undefined : Math.round(seconds * 1_000 * (0.9 + 0.2 * random()));
}
