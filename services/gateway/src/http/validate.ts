import type { z } from 'zod';
import { type FieldError, Problem } from './problem.js';

const WRONG_TYPE = 'invalid_type';

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
  if (issue.code === 'invalid_key') return [{ pointer: pointer(issue.path), detail: `the name ${said(issue.issues)}` }];
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return unionErrors(issue);
  return [{ pointer: pointer(issue.path), detail: isMissing(issue) ? 'is missing' : issue.message }];
}

/** Of a value that may be one of several: what the ways whose type it has want, or else what all of them want. */
function unionErrors({ path, errors }: z.core.$ZodIssueInvalidUnion): FieldError[] {
  if (errors.flat().some((issue) => issue.path.length === 0 && isMissing(issue)))
    return [{ pointer: pointer(path), detail: 'is missing' }];
  const ofItsType = errors.filter((issues) => !issues.some(({ code, path: [step] }) => code === WRONG_TYPE && !step));
  const [only, ...others] = ofItsType;
  if (only && others.length === 0)
    return only.flatMap((issue) => fieldErrors({ ...issue, path: [...path, ...issue.path] }));
  return [{ pointer: pointer(path), detail: [...new Set((only ? ofItsType : errors).map(said))].join(', or ') }];
}

function said(issues: readonly z.core.$ZodIssue[]): string {
  return issues.map(({ message }) => message).join(' and ');
}

/** Zod keeps the value itself out of what it reports, and has no code of its own for this. */
function isMissing({ code, message }: z.core.$ZodIssue): boolean {
  return code === WRONG_TYPE && message.endsWith('received undefined');
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
