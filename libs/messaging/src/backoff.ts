const BASE_MS = 1_000;
const CAP_MS = 5 * 60_000;

/**
 * Milliseconds to wait before the attempt after `attempt`: exponential with full jitter, capped at 5 minutes.
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** attempt));
}
