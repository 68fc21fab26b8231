import { PDFDocument } from '@cantoo/pdf-lib';
import { MergePdfs, ProtectPdf } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MergePdfsHandler } from './merge-pdfs.js';
import { attachmentsOf, linksOf, makePdf, outlineOf, PdfBench, textsOf } from './pdf-files.fixture.js';
import { ProtectPdfHandler } from './protect-pdf.js';

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
  return { bytes, ...result, ...result.document };
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

  test('keeps attached files with what is said of them, under names of their own', async () => {
    const first = await makePdf('first', 2, { attachments: { 'ventes d’été.csv': 'a;b', 'z.csv': 'z' } });
    const second = await makePdf('second', 2, { attachments: { 'ventes d’été.csv': 'c;d' }, scripts: true });
    const sources = [{ object: '0', pages: '2' }, { object: '1' }, { object: '2' }];
    const { bytes, attachments } = await merged([first, second, devis], { sources });
    expect(attachments).toEqual([
      { name: 'ventes d’été.csv', size: 3 },
      { name: 'z.csv', size: 1 },
      { name: 'ventes d’été (2).csv', size: 3 },
    ]);
    expect(await attachmentsOf(bytes)).toEqual({
      'ventes d’été.csv': { text: 'a;b', about: 'about ventes d’été.csv' },
      'ventes d’été (2).csv': { text: 'c;d', about: 'about ventes d’été.csv' },
      'z.csv': { text: 'z', about: 'about z.csv' },
    });
  });

  test('takes an attached file of a source that is named twice once, and none where they are not wanted', async () => {
    const source = await makePdf('one', 2, { attachments: { 'a.csv': 'a;b' } });
    const sources = [{ object: '0', pages: '1' }, { object: '1' }, { object: '0', pages: '2' }];
    const { attachments } = await merged([source, devis], { sources });
    expect(attachments).toEqual([{ name: 'a.csv', size: 3 }]);
    const { bytes, attachments: none } = await merged([source, devis], { sources, attachments: false });
    expect([none, await attachmentsOf(bytes)]).toEqual([[], {}]);
  });

  test('takes attached files of an encrypted source', async () => {
    const plain = await makePdf('one', 1, { attachments: { 'a.csv': 'a;b' } });
    const locked = await bench.run(ProtectPdf, ProtectPdfHandler, [plain], {
      source: { object: '0' },
      userPassword: 'correct-horse',
    });
    const secret = await bench.read(locked.result!.document);
    const { bytes } = await merged([secret, devis], {
      sources: [{ object: '0', password: 'correct-horse' }, { object: '1' }],
    });
    expect(await attachmentsOf(bytes)).toMatchObject({ 'a.csv': { text: 'a;b' } });
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
