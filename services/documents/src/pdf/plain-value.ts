import type { PdfDictionary, PdfObjects, PdfValue } from './pdf-objects.js';

/** What is nested deeper than any look, and what comes after more values than any look has, is dropped. */
const DEEPEST = 3;
const MOST_VALUES = 10_000;

/** These entries of a dictionary, without references, so that they can stand in another document. */
export function plainEntries(from: PdfDictionary, keys: string[], objects: PdfObjects): PdfDictionary {
  let values = 0;
  const plain = (value: PdfValue | undefined, depth: number): PdfValue => {
    values += 1;
    if (depth > DEEPEST || values > MOST_VALUES) return null;
    const found = objects.resolve(value);
    if (Array.isArray(found)) return found.map((part) => plain(part, depth + 1));
    if (typeof found !== 'object' || found === null) return found;
    return Object.fromEntries(Object.entries(found).map(([key, part]) => [key, plain(part, depth + 1)]));
  };
  const entries = keys.flatMap((key) => (key in from ? [[key, plain(from[key], 0)] as const] : []));
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}
