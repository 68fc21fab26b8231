import { milliseconds } from '@tandem/contracts/duration';
import type { Backoff } from '@tandem/contracts/job-options';

const DEFAULT: Backoff = { kind: 'exponential', base: '1s', max: '5m' };

/**
 * Milliseconds to wait before the attempt after `attempt`. The exponential kind doubles from `base` with each attempt, up
 * to `max`, and takes a random share of that ("full jitter").
 * Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoff(attempt: number, policy: Backoff = DEFAULT, random: () => number = Math.random): number {
  const base = milliseconds(policy.base);
  if (policy.kind === 'fixed') return base;
  return Math.round(random() * Math.min(milliseconds(policy.max), base * 2 ** attempt));
}
