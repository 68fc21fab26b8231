import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { newJobId } from '../jobs/job-id.js';
import { waitSeconds } from './prefer.js';
import { Problem } from './problem.js';
import { validate } from './validate.js';

function problemOf(work: () => unknown): Problem {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('no problem was raised');
}

describe('Prefer: wait', () => {
  test.each([
    [undefined, 0],
    ['respond-async', 0],
    ['wait=10', 10],
    ['respond-async, wait=5', 5],
    ['Wait = "60"', 60],
  ])('%s waits %d s', (header, seconds) => {
    expect(waitSeconds(header)).toBe(seconds);
  });

  test.each(['wait=61', 'wait=-1', 'wait=1.5', 'wait=soon'])('%s is refused', (header) => {
    expect(problemOf(() => waitSeconds(header)).code).toBe('invalid_input');
  });
});

describe('validation', () => {
  const schema = z.strictObject({ 'a/b': z.object({ list: z.array(z.int().min(1)) }) });

  test('points at every bad field with a JSON pointer', () => {
    const problem = problemOf(() => validate(schema, { 'a/b': { list: [1, 0] }, extra: 1, 'til~de': 2 }));
    expect(problem.status).toBe(422);
    expect(problem.errors?.map(({ pointer }) => pointer).sort()).toEqual(['/a~1b/list/1', '/extra', '/til~0de']);
  });

  test.each([
    [{}, '/paper: is missing (and 1 more)'],
    [{ paper: 'A4', url: 'x:' }, '/paper: Invalid option: expected one of "a4"|"a5"'],
    [{ paper: { width: 'wide' }, url: 'x:' }, '/paper/width: must be a length'],
    [{ paper: 'a4', url: 'x:', assets: { '../a.css': 1 } }, '/assets/..~1a.css: the name must be a relative path'],
    [
      { paper: 'a4', url: 'x:', lines: true },
      '/lines: Invalid input: expected number, received boolean, or Invalid input: expected array, received boolean',
    ],
  ])('says of %j what is wanted', (value, detail) => {
    const length = z.string().regex(/mm$/, 'must be a length');
    const page = z.strictObject({
      paper: z.union([z.enum(['a4', 'a5']), z.strictObject({ width: length })]),
      url: z.string(),
      assets: z.record(z.string().regex(/^\w/, 'must be a relative path'), z.number()).optional(),
      lines: z.union([z.number(), z.array(z.number())]).optional(),
    });
    expect(problemOf(() => validate(page, value)).detail).toBe(`The body is not valid: ${detail}`);
  });

  test('says in its first sentence what is wrong', () => {
    expect(problemOf(() => validate(schema, { 'a/b': { list: [] }, widht: 1 })).detail).toBe(
      'The body is not valid: /widht: unknown field; remove it or correct its name',
    );
  });
});

describe('a job id', () => {
  test('is a UUID of version 7 that sorts by time', () => {
    const ids = [1_000, 2_000, 3_000_000_000_000].map((now) => newJobId(now));
    for (const id of ids) expect(z.uuidv7().safeParse(id).success).toBe(true);
    expect([...ids].sort()).toEqual(ids);
  });

  test('differs from every other', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newJobId(5))).size).toBe(10_000);
  });
});
