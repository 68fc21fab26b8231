import { expect, test } from 'vitest';
import { z } from 'zod';
import { producedId } from './produced-id.js';

const JOB = '0193b3f0-0000-7000-8000-000000000001';

test('is a UUID of version 8, the same for every run and another for every name and job', () => {
  const id = producedId(JOB, 'thumb');
  expect(z.uuid().parse(id)).toBe(producedId(JOB, 'thumb'));
  expect(id[14]).toBe('8');
  expect(producedId(JOB, 'large')).not.toBe(id);
  expect(producedId(JOB.replace(/1$/, '2'), 'thumb')).not.toBe(id);
});
