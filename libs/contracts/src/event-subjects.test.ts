import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent } from './event.js';
import { eventSubject, jobReports, subjectsOf } from './event-subjects.js';
import { JobReported } from './job.js';
import { TransformImage } from './media.js';
import { jobEventSubject } from './subjects.js';

const Settled = defineEvent('payments.settled', { summary: 'x', data: z.object({}) });

describe('a declared event', () => {
  test('has a subject of its own', () => {
    expect(eventSubject(Settled)).toBe('evt.payments.settled');
    expect(subjectsOf(Settled)).toEqual(['evt.payments.settled']);
  });

  test.each(['payments', 'payments.settled.twice', 'Payments.settled', 'payments.*'])(
    'is refused with the type %s',
    (type) => {
      const options = { summary: 'x', data: z.object({}) };
      expect(() => defineEvent(type as 'a.b', options)).toThrow(/must read <service>.<event>/);
    },
  );
});

describe('reports of jobs', () => {
  test('are selected by command and state, with the subjects that workers publish on', () => {
    expect(subjectsOf(jobReports({ command: TransformImage, states: ['failed'] }))).toEqual([
      jobEventSubject(TransformImage, 'failed'),
    ]);
  });

  test('are the final ones of every command when nothing is named', () => {
    expect(subjectsOf(jobReports())).toEqual(
      ['succeeded', 'failed', 'cancelled', 'expired'].map((state) => `evt.job.*.*.${state}`),
    );
  });

  test('have no single subject', () => {
    expect(() => eventSubject(JobReported)).toThrow(/select them with jobReports/);
  });
});
