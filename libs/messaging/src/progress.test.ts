import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { JobReports } from './job-reporter.js';
import { Progress } from './progress.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function progress() {
  const sent: number[] = [];
  const reporter = { progress: (_job: string, { fraction }: { fraction: number }) => void sent.push(fraction) };
  return { sent, tested: new Progress('job', reporter as unknown as JobReports) };
}

test('a run that is over at once tells of no progress', () => {
  const { sent, tested } = progress();
  tested.report(0.5);
  tested.end();
  vi.advanceTimersByTime(1_000);
  expect(sent).toEqual([]);
});

test('the newest report goes out, four times a second at most', () => {
  const { sent, tested } = progress();
  for (let step = 1; step <= 100; step += 1) {
    tested.report(step / 100);
    vi.advanceTimersByTime(10);
  }
  expect(sent.length).toBeLessThanOrEqual(5);
  expect(sent).toEqual([...sent].sort((a, b) => a - b));
  vi.advanceTimersByTime(300);
  expect(sent.at(-1)).toBe(1);
});

test('a fraction out of range is brought into it', () => {
  const { sent, tested } = progress();
  tested.report(7);
  vi.advanceTimersByTime(100);
  expect(sent).toEqual([1]);
});
