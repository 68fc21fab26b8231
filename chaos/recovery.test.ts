import { expect, test } from 'vitest';
import type { Submitted } from './clients.js';
import { recoveries } from './recovery.js';

const job = (sentMs: number, finalMs?: number): Submitted => ({
  planned: { behave: 'quick', size: 1 },
  key: '',
  sentMs,
  finalMs,
});

test('recovery counts from the fault to the end of the jobs that it touched, and of no others', () => {
  const fault = {
    atMs: 0,
    kind: 'kill worker',
    target: 'worker-1',
    forMs: 0,
    struckMs: 10_000,
    overMs: 12_000,
  } as const;
  const inFlight = job(9_000, 25_000);
  const sentRightAfter = job(11_500, 13_000);
  const untouched = [job(1_000, 9_500), job(12_500, 13_000), job(9_000)];
  expect(recoveries([fault], [inFlight, sentRightAfter, ...untouched])).toEqual([
    { kind: 'kill worker', faults: 1, jobs: 2, p50: 15, p99: 15, max: 15, longestFault: 2 },
  ]);
});
