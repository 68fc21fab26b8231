import { PDFArray, PDFDict, PDFDocument, PDFName } from '@cantoo/pdf-lib';
import { MergePdfs, SplitPdf } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MergePdfsHandler } from './merge-pdfs.js';
import { linksOf, makePdf, PdfBench } from './pdf-files.fixture.js';
import { SplitPdfHandler } from './split-pdf.js';
import { makeTagged, tagsOf } from './tagged-pdf.fixture.js';

let bench: PdfBench;
let french: Buffer;
let german: Buffer;

beforeAll(async () => {
  bench = await PdfBench.open();
  [french, german] = await Promise.all([makeTagged('devis', 2, 'fr'), makeTagged('anhang', 3, 'de')]);
});
afterAll(() => bench.close());

async function merge(files: Uint8Array[], sources: object[]) {
  const { result, error, cause } = await bench.run(MergePdfs, MergePdfsHandler, files, { sources });
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`, { cause });
  return { bytes: await bench.read(result.document), warnings: result.warnings };
}

test('the fixture is tagged as a reader sees it', async () => {
  expect((await tagsOf(french))[1]).toBe('Document[Sect[H1[content] Link"zurück"[content annotation]]]');
});

test('a merge keeps the tags of the pages that were taken, each source in its language', async () => {
  const { bytes, warnings } = await merge([french, german], [{ object: '0' }, { object: '1', pages: '1, 3' }]);
  const page = (language: string) => `Document(${language})[Sect[H1[content] Link"zurück"[content annotation]]]`;
  expect(await tagsOf(bytes)).toEqual([page('fr'), page('fr'), page('de'), page('de')]);
  expect(warnings).toEqual([]);
  expect(await linksOf(bytes)).toEqual([[1], [1], [3], [3]]);
  const pdf = await PDFDocument.load(bytes);
  const tree = pdf.catalog.lookup(PDFName.of('StructTreeRoot'), PDFDict);
  const ids = tree.lookup(PDFName.of('IDTree'), PDFDict).lookup(PDFName.of('Names'), PDFArray);
  const names = ids.asArray().filter((_, at) => at % 2 === 0);
  expect(names.map((id) => String(id))).toEqual(['(0-h0)', '(0-h1)', '(1-h0)', '(1-h2)']);
});

test('a merge with a source that has no tags has none, and says why', async () => {
  const plain = await makePdf('plain', 1);
  const { bytes, warnings } = await merge([french, plain], [{ object: '0' }, { object: '1' }]);
  expect(await tagsOf(bytes)).toEqual(['', '', '']);
  expect(warnings).toEqual(['The result has no tags for screen readers, as these have none: sources/1.']);
});

test('the parts of a split have the tags of their pages, without links that lead elsewhere', async () => {
  const { result } = await bench.run(SplitPdf, SplitPdfHandler, [german], {
    source: { object: '0' },
    into: { every: 2 },
  });
  const parts = await Promise.all(result!.files.map(async (part) => tagsOf(await bench.read(part))));
  const page = 'Document(de)[Sect[H1[content] Link"zurück"[content annotation]]]';
  expect(parts).toEqual([[page, page], [page.replace(' annotation', '')]]);
  expect(result!.warnings).toEqual([]);
});

test('very many parts come without tags, and say so', async () => {
  const { result } = await bench.run(SplitPdf, SplitPdfHandler, [await makeTagged('lang', 101, 'de', false)], {
    source: { object: '0' },
    into: { every: 1 },
  });
  expect(await tagsOf(await bench.read(result!.files[0]!))).toEqual(['']);
  expect(result!.warnings).toEqual([expect.stringContaining('tags for screen readers, which its parts have not')]);
});
