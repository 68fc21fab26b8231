import type { PdfDictionary, PdfValue } from './pdf-objects.js';

/** Actions that run code or reach into the machine (ISO 32000-2, 12.6.4). */
const HARMFUL = new Set<PdfValue | undefined>(['/JavaScript', '/Launch', '/ImportData']);

/** The value without scripts and without actions that start programs: itself when it has none. */
export function withoutScripts(value: PdfValue): PdfValue {
  if (Array.isArray(value)) {
    const parts = value.map(withoutScripts);
    return parts.some((part, index) => part !== value[index]) ? parts : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (HARMFUL.has(value['/S']) || ('/S' in value && '/JS' in value)) return null;
  return cleaned(value);
}

function cleaned(dictionary: PdfDictionary): PdfDictionary {
  let changed = '/JavaScript' in dictionary;
  const entries = Object.entries(dictionary).flatMap(([key, value]) => {
    if (key === '/JavaScript') return [];
    const part = withoutScripts(value);
    changed ||= part !== value;
    return part === null ? [] : [[key, part] as const];
  });
  return changed ? Object.fromEntries(entries) : dictionary;
}
