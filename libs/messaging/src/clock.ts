/** Time and chance as a run of a command sees them: the process's own, but for the kit that tests handlers. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back after `ms` milliseconds, unless the function that it returns is called before. */
  after(ms: number, callback: () => void): () => void;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** The clock of a process that is at work. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};
