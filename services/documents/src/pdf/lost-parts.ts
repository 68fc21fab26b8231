import type { Cutting, Digest } from './pdf-desk.js';

/** What to tell of sources that lose something when they are joined. */
export function lostOnMerge(cuttings: readonly Pick<Cutting, 'pdf' | 'digest'>[]): string[] {
  const tagged = cuttings.filter(({ digest }) => digest.tagged);
  const without = cuttings.filter(({ digest }) => !digest.tagged).map(({ pdf }) => pdf.field);
  if (tagged.length === 0 || without.length === 0) return [];
  return [`The result has no tags for screen readers, as these have none: ${without.join(', ')}.`];
}

/** What to tell of a document that loses something when it is cut: what it had, and what of that its parts get. */
export function lostOnSplit(
  had: Pick<Digest, 'attachments' | 'tagged'>,
  kept: Pick<Digest, 'streams' | 'tagged'>,
): string[] {
  const left = kept.streams === undefined ? had.attachments.length : 0;
  const files = `The source has ${left} attached file${left === 1 ? '' : 's'}, which no part has. Send "attachments": true to have them in each.`;
  const tags =
    'The source has tags for screen readers, which its parts have not: they are too many. Cut it into fewer.';
  return [...(left > 0 ? [files] : []), ...(had.tagged && !kept.tagged ? [tags] : [])];
}
