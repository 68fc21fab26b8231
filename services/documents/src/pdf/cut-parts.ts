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
  if (every && fits && !digest.structured && !digest.tagged && !digest.streams) return yield* desk.cutEvery(pdf, every);
  const running: Promise<MadePdf>[] = [];
  const rest = [...parts];
  try {
    while (rest.length + running.length > 0) {
      for (let part = rest[0]; part && running.length < AT_ONCE; part = rest[0]) {
        rest.shift();
        const made = desk.assemble([{ pdf, digest, pages: part.pages }], outline);
        made.catch(() => {}); // Looked at when it is its turn.
        running.push(made);
      }
      yield await running.shift()!;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
