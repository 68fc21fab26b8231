import type { JobReport } from '@tandem/contracts/job';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FINAL_POSITION, foldReports, type JobChange } from './fold-reports.js';

const JOB = '0191f6a0-0000-7000-8000-000000000000';

function report(run: number, state: JobReport['state'], over: Partial<JobReport> = {}): JobReport {
  const at = new Date(1_700_000_000_000 + run * 1_000 + (state === 'running' ? 0 : 500)).toISOString();
  return { command: 'media.transform', jobId: JOB, run, attempt: run, state, at, startedAt: at, worker: 'w', ...over };
}

/** What the ledger's UPDATE does with changes that come one after another. */
function applyAll(changes: JobChange[]): { status: string; position: number; steps: number[] } {
  const row = { status: 'accepted', position: 0, steps: [] as number[] };
  for (const change of changes) {
    if (change.position <= row.position) continue;
    row.steps.push(...change.steps.map(({ position }) => position).filter((position) => position > row.position));
    row.status = change.status;
    row.position = change.position;
  }
  return row;
}

const life = [
  report(1, 'running'),
  report(1, 'retrying'),
  report(2, 'running'),
  report(2, 'retrying'),
  report(3, 'running'),
  report(3, 'succeeded', { result: { ok: true } }),
];

/** Any order and any repetition of a life's reports, cut into batches anywhere. */
const anyDelivery = fc
  .array(fc.constantFrom(...life), { maxLength: 12 })
  .chain((repeats) => fc.shuffledSubarray([...life, ...repeats], { minLength: life.length + repeats.length }))
  .chain((reports) =>
    fc.tuple(fc.constant(reports), fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 20, maxLength: 20 })),
  );

describe('folding reports', () => {
  test('ends in the same state whatever the order, the repetition and the batches', () => {
    fc.assert(
      fc.property(anyDelivery, ([reports, sizes]) => {
        const changes: JobChange[] = [];
        for (let at = 0, i = 0; at < reports.length; at += sizes[i % sizes.length]!, i += 1) {
          changes.push(...foldReports(reports.slice(at, at + sizes[i % sizes.length]!)));
        }
        const row = applyAll(changes);
        expect(row.status).toBe('succeeded');
        expect(row.position).toBe(FINAL_POSITION);
        expect(row.steps).toEqual([...row.steps].sort((a, b) => a - b));
        expect(new Set(row.steps).size).toBe(row.steps.length);
      }),
    );
  });

  test('keeps the start of a run that was reported by its end alone', () => {
    const [change] = foldReports([report(2, 'succeeded', { startedAt: '2026-01-01T00:00:00.000Z' })]);
    expect(change?.steps).toMatchObject([
      { position: 3, status: 'running', at: '2026-01-01T00:00:00.000Z' },
      { position: FINAL_POSITION, status: 'succeeded' },
    ]);
  });

  test('keeps every step of a job that started and ended within one batch', () => {
    const [change] = foldReports([report(1, 'succeeded', { result: 7 }), report(1, 'running')]);
    expect(change?.steps.map(({ status }) => status)).toEqual(['running', 'succeeded']);
    expect(change?.result).toBe(7);
  });

  test('does not count an attempt that the run did not use', () => {
    const [change] = foldReports([report(1, 'retrying', { attemptUsed: false, dueAt: '2026-01-01T00:00:00.000Z' })]);
    expect(change).toMatchObject({ attempt: 0, run: 1, dueAt: '2026-01-01T00:00:00.000Z' });
  });

  test('makes one change for each job', () => {
    const other = { ...report(1, 'running'), jobId: '0191f6a0-0000-7000-8000-000000000001' };
    expect(foldReports([report(1, 'running'), other, report(1, 'succeeded')])).toHaveLength(2);
  });
});
