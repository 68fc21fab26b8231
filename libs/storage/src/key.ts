import { InvalidKey } from './object-store.js';

/** Longest file name that common file systems take, in bytes. */
const MAX_SEGMENT = 255;
const MAX_KEY = 1024;

/** The segments of `key`. Throws {@link InvalidKey} for a key that could leave the store or that no disk or bucket takes. */
export function keySegments(key: string): string[] {
  const segments = key.split('/');
  // A lone surrogate becomes U+FFFD on disk, so two keys would share one file.
  const storable = key.isWellFormed() && Buffer.byteLength(key) <= MAX_KEY && segments.every(isSegment);
  if (!storable) throw new InvalidKey();
  return segments;
}

/** The whole segments at the start of `prefix`: the deepest folder that holds all keys that start so. */
export function folderOfPrefix(prefix: string): string[] {
  // Anything may follow, so the prefix is good if it is good with one more letter.
  return keySegments(`${prefix}x`).slice(0, -1);
}

function isSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false;
  // The backslash and the colon separate paths on Windows.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  return !/[\u0000-\u001f\u007f\\:]/.test(segment) && Buffer.byteLength(segment) <= MAX_SEGMENT;
}
