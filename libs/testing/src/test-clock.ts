import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@tandem/messaging/clock';

type Timer = { at: number; callback: () => void };

/**
 * A clock that stands still until it is told to advance, and chance that is no chance. It rules what the messaging
 * library measures (timeouts, back-off, the times in reports), not timers that a handler sets by itself.
 */
export class TestClock implements Clock {
  readonly random: () => number;
  readonly #timers = new Set<Timer>();
  #now: number;

  /** @param random what back-off multiplies its longest wait by: 0.5, so the first retry is due after 1 s. */
  constructor({ at = '2026-01-01T00:00:00.000Z', random = 0.5 }: { at?: string; random?: number } = {}) {
    this.#now = Date.parse(at);
    this.random = () => random;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Moves on by `ms` milliseconds: calls what comes due on the way, in order, and lets the code that waited for it run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (let next = this.#nextUntil(end); next; next = this.#nextUntil(end)) {
      this.#timers.delete(next);
      this.#now = next.at;
      next.callback();
      await nextTurn();
    }
    this.#now = end;
    await nextTurn();
  }

  #nextUntil(end: number): Timer | undefined {
    const due = [...this.#timers].filter(({ at }) => at <= end);
    return due.sort((one, other) => one.at - other.at)[0];
  }
}
