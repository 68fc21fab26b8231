import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompressPdf, FlattenPdf, MergePdfs } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CompressPdfHandler } from './compress-pdf.js';
import { FlattenPdfHandler } from './flatten-pdf.js';
import { hostilePdfs } from './hostile-pdfs.fixture.js';
import { MergePdfsHandler } from './merge-pdfs.js';
import { makePdf, PdfBench } from './pdf-files.fixture.js';

/** Whoever needs longer is not waited for, and who is refused has the time of a busy machine to be so. */
const SECONDS = 2;
const PATIENT_SECONDS = 30;
const MEMORY_MB = 300;
/** Of this process, in bytes, over the whole corpus; the bombs have 2 GB and more. */
const FLAT = 200_000_000;
const ENDS = /^(succeeded|document_unreadable: |document_failed: |timeout: )/;

let bench: PdfBench;
let patient: PdfBench;
let good: Buffer;
let scratch: string;
const TMPDIR = process.env.TMPDIR;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'tandem-hostile-'));
  process.env.TMPDIR = scratch;
  const limits = (seconds: number) => ({
    DOCUMENTS_PDF_PROCESS_MB: `${MEMORY_MB}`,
    DOCUMENTS_PDF_TIMEOUT_S: `${seconds}`,
  });
  bench = await PdfBench.open(limits(SECONDS));
  patient = await PdfBench.open(limits(PATIENT_SECONDS));
  good = await makePdf('good', 3);
});
afterAll(async () => {
  await Promise.all([bench.close(), patient.close()]);
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  await rm(scratch, { recursive: true, force: true });
});

/** How each command ends that works on the file; the first is compression. */
async function ends(bytes: Buffer, on: PdfBench): Promise<string[]> {
  const source = { object: '0' };
  const merge = { sources: [source, { object: '1' }] };
  const runs = await Promise.all([
    on.run(CompressPdf, CompressPdfHandler, [bytes], { source, images: true, imageDpi: 72 }),
    on.run(FlattenPdf, FlattenPdfHandler, [bytes], { source }),
    on.run(MergePdfs, MergePdfsHandler, [good, bytes], merge),
  ]);
  return runs.map(({ outcome, error }) => (error ? `${error.code}: ${error.detail}` : outcome));
}

describe('the hostile corpus of PDFs', () => {
  test('is taken or refused file by file with a reason, within time and memory', async () => {
    const before = process.memoryUsage.rss();
    for (const { name, bytes, refused } of hostilePdfs(good)) {
      const all = await ends(bytes, refused && !refused.test('timeout: ') ? patient : bench);
      for (const end of all) expect(end, name).toMatch(ENDS);
      if (refused) expect(all[0], name).toMatch(refused);
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(FLAT);
    // Nothing but the objects of the two benches.
    expect(await readdir(scratch)).toEqual(Array(2).fill(expect.stringContaining('tandem-pdf-test-')));
    expect(await ends(good, patient)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  }, 400_000);
});
