import type { Cutting, Digest, OpenedPdf } from './pdf-desk.js';

/** What to tell of sources that lose something when they are joined. */
export function lostOnMerge(cuttings: readonly Pick<Cutting, 'pdf' | 'digest'>[]): string[] {
  const tagged = cuttings.filter(({ digest }) => digest.tagged).map(({ pdf }) => pdf.field);
  return tagged.length > 0 ? [untagged(tagged.join(', '), 'the result is not')] : [];
}

/** What to tell of a document that loses something when it is cut. */
export function lostOnSplit({
  tagged,
  attachments,
  streams,
}: Pick<Digest, 'tagged' | 'attachments' | 'streams'>): string[] {
  const left = streams === undefined ? attachments.length : 0;
  const files = `The source has ${left} attached file${left === 1 ? '' : 's'}, which no part has. Send "attachments": true to have them in each.`;
  return [...(left > 0 ? [files] : []), ...(tagged ? [untagged('source', 'its parts are not')] : [])];
}

function untagged(fields: OpenedPdf['field'], result: string): string {
  return `Tagged for screen readers: ${fields}; ${result}.`;
}
