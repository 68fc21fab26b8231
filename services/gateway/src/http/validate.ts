import type { z } from 'zod';
import { type FieldError, Problem } from './problem.js';

/**
 * Parses what a caller sent. Throws a `Problem` `invalid_input` with a JSON pointer for every bad field; `at` is the pointer
 * of `value` itself.
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, what = 'body', at = ''): z.output<S> {
  const parsed = parse(schema, value, what, at);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap(fieldErrors).map((error) => ({ ...error, pointer: at + error.pointer }));
  const first = errors[0]!;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw new Problem(
    'invalid_input',
    `The ${what} is not valid: ${first.pointer || '/'}: ${first.detail}${more}`,
    errors,
  );
}

function parse<S extends z.ZodType>(schema: S, value: unknown, what: string, at: string) {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const detail = 'holds lists or objects within one another too deep';
    throw new Problem('invalid_input', `The ${what} is not valid: it ${detail}.`, [{ pointer: at, detail }]);
  }
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointer([...issue.path, key]),
      detail: 'unknown field; remove it or correct its name',
    }));
  }
  return [{ pointer: pointer(issue.path), detail: issue.message }];
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
