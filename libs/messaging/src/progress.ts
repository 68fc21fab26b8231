import { type Clock, systemClock } from './clock.js';
import type { JobReports } from './job-reporter.js';

/** At most this many progress messages per second and job; a follower sees no more with the eye. */
const PER_SECOND = 4;

/** A throttled `progress` function for one run. The report of completion (1) always goes out. */
export function progressOf(
  jobId: string,
  reporter: JobReports,
  clock: Clock = systemClock,
): (fraction: number, message?: string) => void {
  let last = 0;
  return (fraction, message) => {
    const now = clock.now();
    const bounded = Math.min(1, Math.max(0, fraction));
    if (bounded < 1 && now - last < 1000 / PER_SECOND) return;
    last = now;
    reporter.progress(jobId, message === undefined ? { fraction: bounded } : { fraction: bounded, message });
  };
}
