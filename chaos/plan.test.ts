import { expect, test } from 'vitest';
import { KINDS } from './kinds.js';
import { makePlan } from './plan.js';

const options = { seed: 42, jobs: 50, minutes: 6, gateways: 2, short: false, gapS: undefined, only: undefined };

test('the same seed gives the same plan, and another seed another', () => {
  expect(makePlan(options)).toEqual(makePlan(options));
  expect(makePlan({ ...options, seed: 43 }).faults).not.toEqual(makePlan(options).faults);
});

test('every kind of fault is in a plan of six minutes, in the order of time and within it', () => {
  const { faults, jobs } = makePlan(options);
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(KINDS));
  const times = faults.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times.at(-1)).toBeLessThanOrEqual(360_000);
  expect(jobs).toHaveLength(50);
});

test('the short plan holds each cheap fault once, one after the other', () => {
  const { faults } = makePlan({ ...options, short: true, minutes: 1 });
  expect(faults).toHaveLength(6);
  expect(new Set(faults.map(({ kind }) => kind)).size).toBe(6);
  for (const [index, { atMs, forMs }] of faults.slice(0, -1).entries()) {
    expect(faults[index + 1]!.atMs).toBeGreaterThan(atMs + forMs);
  }
});

test('more jobs do not mean other faults', () => {
  expect(makePlan({ ...options, jobs: 51 }).faults).toEqual(makePlan(options).faults);
});
