import { type Clock, systemClock } from './clock.js';
import type { JobReports } from './job-reporter.js';

/** Between two messages on one job, in ms; a follower sees no more with the eye. */
const EVERY_MS = 250;
/** Before the first: a run that ends sooner has nothing to tell but its end. */
const FIRST_AFTER_MS = 100;

/** Progress of one run: the newest report goes out, at most four times a second, until the run ends. */
export class Progress {
  #newest: { fraction: number; message?: string } | undefined;
  #cancelTimer: (() => void) | undefined;
  #ended = false;

  constructor(
    private readonly jobId: string,
    private readonly reporter: JobReports,
    private readonly clock: Clock = systemClock,
  ) {}

  /** What handlers call. */
  readonly report = (fraction: number, message?: string): void => {
    if (this.#ended) return;
    const bounded = Math.min(1, Math.max(0, fraction));
    this.#newest = message === undefined ? { fraction: bounded } : { fraction: bounded, message };
    if (!this.#cancelTimer) this.#sendAfter(FIRST_AFTER_MS);
  };

  /** Nothing goes out any more. */
  end(): void {
    this.#ended = true;
    this.#cancelTimer?.();
  }

  #sendAfter(ms: number): void {
    this.#cancelTimer = this.clock.after(ms, () => {
      this.#cancelTimer = undefined;
      if (!this.#newest) return;
      this.reporter.progress(this.jobId, this.#newest);
      this.#newest = undefined;
      this.#sendAfter(EVERY_MS);
    });
  }
}
