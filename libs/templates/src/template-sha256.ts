import { createHash } from 'node:crypto';
import type { TemplateBundle } from '@tandem/contracts/template';

/**
 * SHA-256 of a template's content, in hex. Spelling and the order of keys do not matter, but for the order of locales, of
 * which the first is the default.
 */
export function templateSha256({ locales, ...bundle }: TemplateBundle): string {
  const content = { ...bundle, locales: Object.entries(locales) };
  return createHash('sha256').update(JSON.stringify(content, inOrder)).digest('hex');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
