import type { PdfDictionary, PdfObjects, PdfValue } from './pdf-objects.js';

/** These entries of a dictionary, without references, so that they can stand in another document. */
export function plainEntries(from: PdfDictionary, keys: string[], objects: PdfObjects): PdfDictionary {
  const entries = keys.flatMap((key) => (key in from ? [[key, plain(from[key], objects)] as const] : []));
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

/** What is nested deeper than any look is dropped. */
function plain(value: PdfValue | undefined, objects: PdfObjects, depth = 0): PdfValue {
  const found = objects.resolve(value);
  if (depth > 3) return null;
  if (Array.isArray(found)) return found.map((part) => plain(part, objects, depth + 1));
  if (typeof found !== 'object' || found === null) return found;
  return Object.fromEntries(Object.entries(found).map(([key, part]) => [key, plain(part, objects, depth + 1)]));
}
