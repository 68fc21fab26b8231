import { PDFDocument } from '@cantoo/pdf-lib';
import { MergePdfs } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MergePdfsHandler } from './merge-pdfs.js';
import { linksOf, makePdf, outlineOf, PdfBench, textsOf } from './pdf-files.fixture.js';

let bench: PdfBench;
let devis: Buffer;
let annex: Buffer;

beforeAll(async () => {
  bench = await PdfBench.open();
  devis = await makePdf('devis', 3, {
    links: [
      [1, 3],
      [2, 'start'],
      [3, 'https://pay.example/?a=1&b=é'],
    ],
    names: { start: 1 },
    outline: [
      ['Début', 1],
      ['Fin', 3],
    ],
  });
  annex = await makePdf('annex', 2, {
    links: [
      [1, 2],
      [2, 'start'],
    ],
    names: { start: 1 },
    outline: [['Une annexe', 2]],
    form: { who: 'Awa' },
    scripts: true,
  });
});
afterAll(() => bench.close());

const run = (files: Uint8Array[], data: object, job = {}) => bench.run(MergePdfs, MergePdfsHandler, files, data, job);

async function merged(files: Uint8Array[], data: object) {
  const { result, error, cause } = await run(files, data);
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`, { cause });
  const bytes = await bench.read(result.document);
  expect(result.document).toMatchObject({ type: 'application/pdf', size: bytes.length });
  return { bytes, ...result.document };
}

describe('merging', () => {
  test('joins all pages in the order of the sources', async () => {
    const { bytes, pages } = await merged([devis, annex], { sources: [{ object: '1' }, { object: '0' }] });
    expect(pages).toBe(5);
    const texts = await textsOf(bytes);
    expect(texts.map((text) => text.split('\n')[0]!.trim())).toEqual([
      'annex page 1',
      'annex page 2',
      'devis page 1',
      'devis page 2',
      'devis page 3',
    ]);
  });

  test('takes the pages that are named, also twice and backwards', async () => {
    const sources = [
      { object: '0', pages: '3-1' },
      { object: '1', pages: '2-' },
      { object: '0', pages: '-1, 3' },
    ];
    const { bytes } = await merged([devis, annex], { sources });
    const numbers = (await textsOf(bytes)).map((text) => text.match(/page (\d)/)![1]);
    expect(numbers).toEqual(['3', '2', '1', '2', '1', '3']);
  });

  test('keeps links to pages, to names and to addresses in every source', async () => {
    const { bytes } = await merged([devis, annex], { sources: [{ object: '0' }, { object: '1' }] });
    expect(await linksOf(bytes)).toEqual([[3], [1], ['(https://pay.example/?a=1&b=é)'], [5], [4]]);
  });

  test('drops links to pages that were not taken', async () => {
    const sources = [
      { object: '0', pages: '1-2' },
      { object: '1', pages: '2' },
    ];
    const { bytes } = await merged([devis, annex], { sources });
    expect(await linksOf(bytes)).toEqual([[], [1], []]);
  });

  test('keeps bookmarks, below a title where a source is given one', async () => {
    const sources = [
      { object: '0', pages: '2-3' },
      { object: '1', bookmark: 'Annexe « A » (é, 漢)' },
    ];
    const { bytes } = await merged([devis, annex], { sources });
    expect(await outlineOf(bytes)).toEqual([
      ['Fin', 2],
      ['Annexe « A » (é, 漢)', 3, ['Une annexe', 4]],
    ]);
  });

  test('leaves bookmarks of sources out when they are not wanted', async () => {
    const sources = [{ object: '0', bookmark: 'Devis' }, { object: '1' }];
    const { bytes } = await merged([devis, annex], { sources, outline: false });
    expect(await outlineOf(bytes)).toEqual([['Devis', 1]]);
  });

  test('keeps form fields that can be filled in, and no script', async () => {
    const { bytes } = await merged([devis, annex], { sources: [{ object: '0' }, { object: '1' }] });
    const pdf = await PDFDocument.load(bytes);
    expect(pdf.getForm().getTextField('who').getText()).toBe('Awa');
    const plain = Buffer.from(await pdf.save({ useObjectStreams: false })).toString('latin1');
    expect(plain).not.toMatch(/JavaScript|app\.alert|Launch|calc\.exe/);
  });

  test('gives the same id and bytes when it is repeated', async () => {
    const data = { sources: [{ object: '0' }, { object: '1' }] };
    const first = await run([devis, annex], data);
    const second = await run([devis, annex], data, { attempt: 2 });
    expect(first.outcome).toBe('succeeded');
    expect(second.result).toEqual(first.result);
  });

  test('names the source and the pages that there are when a page is not', async () => {
    const { error } = await run([devis, annex], { sources: [{ object: '0' }, { object: '1', pages: '1,7-9' }] });
    expect(error).toEqual({
      code: 'invalid_input',
      detail: 'sources/1/pages: there is no page 7; the document has pages 1 to 2.',
    });
  });

  test('refuses fewer than two sources and a password with control characters', () => {
    const issues = (input: object) => MergePdfs.input.safeParse(input).error?.issues.map(({ path }) => path.join('/'));
    expect(issues({ sources: [{ url: 'https://a.example' }] })).toEqual(['sources']);
    const bad = { url: 'https://a.example', password: 'a\nb' };
    expect(issues({ sources: [bad, bad] })).toEqual(['sources/0/password', 'sources/1/password']);
  });
});
