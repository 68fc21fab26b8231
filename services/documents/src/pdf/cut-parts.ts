import type { Digest, MadePdf, OpenedPdf, PdfDesk } from './pdf-desk.js';
import type { Part } from './plan-parts.js';

/** What is cut, and how. */
export interface Cut {
  pdf: OpenedPdf;
  digest: Digest;
  parts: readonly Part[];
  /** Where all parts but the last have so many pages. */
  every?: number;
  outline: 'take' | 'none';
  /** What all files may have together, in megabytes. */
  mostMb: number;
}

/** Files that are made at once: while one is written, another is read. */
const AT_ONCE = 2;

/** The files of all parts, in their order. */
export async function* cutParts(
  desk: PdfDesk,
  { pdf, digest, parts, every, outline, mostMb }: Cut,
): AsyncGenerator<MadePdf> {
  // All files lie on the disk then. Each may have what all pages share, so none is larger than the source.
  const fits = pdf.size * parts.length <= mostMb * 1_000_000;
  const drafts = every && fits ? await desk.cutEvery(pdf, every) : [];
  const running: Promise<MadePdf>[] = [];
  try {
    for (const [index, { pages }] of parts.entries()) {
      const made = desk.assemble([{ pdf, digest, pages }], outline, drafts[index]);
      made.catch(() => {}); // Looked at when it is its turn.
      if (running.push(made) === AT_ONCE) yield await running.shift()!;
    }
    for (let made = running.shift(); made; made = running.shift()) yield await made;
  } finally {
    await Promise.allSettled(running);
  }
}
