import { expect, test } from 'vitest';
import { z } from 'zod';
import { renditionId } from './rendition-id.js';

const JOB = '0193b3f0-0000-7000-8000-000000000001';

test('is a UUID of version 8, the same for every run and another for every name and job', () => {
  const id = renditionId(JOB, 'thumb');
  expect(z.uuid().parse(id)).toBe(renditionId(JOB, 'thumb'));
  expect(id[14]).toBe('8');
  expect(renditionId(JOB, 'large')).not.toBe(id);
  expect(renditionId(JOB.replace(/1$/, '2'), 'thumb')).not.toBe(id);
});
