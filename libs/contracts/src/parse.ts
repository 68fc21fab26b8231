import type { z } from 'zod';

/**
 * Parses `value` as a reader does: keys that the schema does not know are dropped instead of refused, because the
 * writer may be newer. Throws zod's error for everything else.
 */
export function parseTolerant<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (parsed.error.issues.some((issue) => issue.code !== 'unrecognized_keys')) throw parsed.error;
  const copy = structuredClone(value);
  for (const issue of parsed.error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    // biome-ignore lint/suspicious/noExplicitAny: a path into JSON of unknown shape
    const parent = issue.path.reduce((node: any, key) => node[key], copy);
    for (const key of issue.keys) delete parent[key];
  }
  return schema.parse(copy);
}
