import { PDFDocument } from '@cantoo/pdf-lib';
import { FlattenPdf } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlattenPdfHandler } from './flatten-pdf.js';
import { linksOf, makePdf, outlineOf, PdfBench, textsOf } from './pdf-files.fixture.js';

let bench: PdfBench;
let flat: Buffer;

beforeAll(async () => {
  bench = await PdfBench.open();
  const file = await makePdf('form', 2, {
    form: { who: 'Awa Diop' },
    links: [
      [1, 2],
      [2, 'https://pay.example'],
    ],
    outline: [['Page 2', 2]],
    scripts: true,
  });
  const { result, cause } = await bench.run(FlattenPdf, FlattenPdfHandler, [file], { source: { object: '0' } });
  if (!result) throw cause;
  flat = await bench.read(result.document);
});
afterAll(() => bench.close());

describe('flattening', () => {
  test('draws what was filled in into the page and leaves no field', async () => {
    expect((await textsOf(flat))[0]).toContain('Awa Diop');
    const pdf = await PDFDocument.load(flat);
    expect(pdf.getForm().getFields()).toEqual([]);
  });

  test('keeps links and bookmarks', async () => {
    expect(await linksOf(flat)).toEqual([[2], ['(https://pay.example)']]);
    expect(await outlineOf(flat)).toEqual([['Page 2', 2]]);
  });

  test('leaves no script and nothing that starts a program', async () => {
    const pdf = await PDFDocument.load(flat);
    const plain = Buffer.from(await pdf.save({ useObjectStreams: false })).toString('latin1');
    expect(plain).not.toMatch(/JavaScript|app\.alert|Launch|calc\.exe|OpenAction/);
  });
});
