import type { Happened } from './break-things.ts';
import type { Submitted } from './clients.ts';
import type { Kind } from './kinds.ts';

/** How long the jobs that a fault touched took to become final, in seconds from the moment that it struck. */
export interface Recovery {
  kind: Kind;
  faults: number;
  jobs: number;
  p50: number;
  p99: number;
  max: number;
  /** Seconds that the faults themselves took, at most: a process that is frozen for 20 s recovers in no less. */
  longestFault: number;
}

/** A job that was first sent so long after the fault still counts as touched. */
const TOUCHED_MS = 2_000;

/**
 * Recovery by kind of fault. A job is touched when it was sent and not yet final when the fault struck, or sent within
 * two seconds after. When another fault follows before it is final, that one's cost is in the figure too.
 */
export function recoveries(faults: Happened[], jobs: Submitted[]): Recovery[] {
  const groups = Map.groupBy(faults, ({ kind }) => kind);
  return [...groups].map(([kind, ofKind]) => {
    const times = ofKind.flatMap(({ struckMs }) => touched(struckMs, jobs).map((job) => job.finalMs! - struckMs));
    times.sort((a, b) => a - b);
    const at = (share: number) => seconds(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
    const longest = Math.max(...ofKind.map(({ struckMs, overMs }) => overMs - struckMs));
    return {
      kind,
      faults: ofKind.length,
      jobs: times.length,
      p50: at(0.5),
      p99: at(0.99),
      max: seconds(times.at(-1) ?? 0),
      longestFault: seconds(longest),
    };
  });
}

function touched(struckMs: number, jobs: Submitted[]): Submitted[] {
  return jobs.filter(
    ({ sentMs, finalMs }) => finalMs !== undefined && finalMs > struckMs && sentMs < struckMs + TOUCHED_MS,
  );
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
