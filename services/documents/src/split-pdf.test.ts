import { SplitPdf } from '@tandem/contracts/pdf-files';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachmentsOf, linksOf, makePdf, outlineOf, PdfBench, textsOf } from './pdf-files.fixture.js';
import { SplitPdfHandler } from './split-pdf.js';

let bench: PdfBench;
let report: Buffer;

beforeAll(async () => {
  bench = await PdfBench.open();
  report = await makePdf('report', 7, {
    links: [
      [3, 4],
      [5, 1],
    ],
    outline: [
      ['Résumé', 3],
      ['Détails', 5],
      ['Chiffres', 5],
    ],
  });
});
afterAll(() => bench.close());

const run = (into: object, file = report, options = {}) =>
  bench.run(SplitPdf, SplitPdfHandler, [file], { source: { object: '0' }, into, ...options });

async function parts(into: object) {
  const { result, error } = await run(into);
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`);
  return Promise.all(
    result.files.map(async (file) => {
      const bytes = await bench.read(file);
      const pages = (await textsOf(bytes)).map((text) => Number(text.match(/page (\d)/)![1]));
      return { file, bytes, pages };
    }),
  );
}

describe('splitting', () => {
  test('by ranges makes a file of each, with the name that it was given', async () => {
    const files = await parts({ ranges: [{ pages: '1-2, 7', name: 'ends' }, { pages: '3-' }] });
    expect(files.map(({ file: { name, firstPage, pages } }) => [name, firstPage, pages])).toEqual([
      ['ends', 1, 3],
      ['part-2', 3, 5],
    ]);
    expect(files.map(({ pages }) => pages)).toEqual([
      [1, 2, 7],
      [3, 4, 5, 6, 7],
    ]);
  });

  test('every some pages leaves the rest in the last file', async () => {
    const files = await parts({ every: 3 });
    expect(files.map(({ pages }) => pages)).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  });

  test('a plain document gives the same files, in one run', async () => {
    const plain = await makePdf('plain', 11);
    const { result } = await run({ every: 5 }, plain);
    expect(result?.files.map(({ name, firstPage, pages }) => [name, firstPage, pages])).toEqual([
      ['part-1', 1, 5],
      ['part-2', 6, 5],
      ['part-3', 11, 1],
    ]);
    expect(await textsOf(await bench.read(result!.files[1]!))).toEqual(
      [6, 7, 8, 9, 10].map((page) => `plain page ${page}`),
    );
    expect(await textsOf(await bench.read(result!.files[2]!))).toEqual(['plain page 11']);
    expect((await run({ every: 5 }, plain)).result).toEqual(result);
  });

  test('at bookmarks makes a file of each page with one, and of what comes before', async () => {
    const files = await parts({ bookmarks: true });
    expect(files.map(({ file: { title }, pages }) => [title, pages])).toEqual([
      [undefined, [1, 2]],
      ['Résumé', [3, 4]],
      ['Détails', [5, 6, 7]],
    ]);
  });

  test('keeps the links and bookmarks that stay within a file', async () => {
    const [, second, third] = await parts({ bookmarks: true });
    expect(await linksOf(second!.bytes)).toEqual([[2], []]);
    expect(await outlineOf(second!.bytes)).toEqual([['Résumé', 1]]);
    expect(await linksOf(third!.bytes)).toEqual([[], [], []]);
    expect(await outlineOf(third!.bytes)).toEqual([
      ['Détails', 1],
      ['Chiffres', 1],
    ]);
  });

  test('gives attached files to no part, and says so', async () => {
    const file = await makePdf('one', 2, { attachments: { 'a.csv': 'a;b', 'b.csv': 'b' } });
    const { result } = await run({ every: 1 }, file);
    const kept = await Promise.all(result!.files.map(async (part) => attachmentsOf(await bench.read(part))));
    expect(kept).toEqual([{}, {}]);
    expect(result!.warnings).toEqual([
      'The source has 2 attached files, which no part has. Send "attachments": true to have them in each.',
    ]);
  });

  test('gives attached files to every part when they are asked for', async () => {
    const file = await makePdf('one', 3, { attachments: { 'a.csv': 'a;b' } });
    const { result } = await run({ every: 1 }, file, { attachments: true });
    const kept = await Promise.all(result!.files.map(async (part) => attachmentsOf(await bench.read(part))));
    const each = { 'a.csv': { text: 'a;b', about: 'about a.csv' } };
    expect([kept, result!.warnings]).toEqual([[each, each, each], []]);
  });

  test('gives the same ids and bytes when it is repeated', async () => {
    const first = await run({ every: 4 });
    expect(first.outcome).toBe('succeeded');
    expect((await run({ every: 4 })).result).toEqual(first.result);
  });

  test('into more than 500 files says how many pages each needs', async () => {
    const { error } = await run({ every: 1 }, await makePdf('long', 501));
    expect(error).toEqual({
      code: 'invalid_input',
      detail: 'into: makes 501 files; 500 are allowed. Set into.every to 2 or more.',
    });
  });

  test('at bookmarks of a document without them says so', async () => {
    const { error } = await run({ bookmarks: true }, await makePdf('plain', 2));
    expect(error).toMatchObject({ code: 'invalid_input', detail: expect.stringContaining('has no bookmarks') });
  });

  test('refuses two ways at once, a name twice, and a store for files that nobody knows yet', () => {
    const issues = (input: object) => SplitPdf.input.safeParse(input).error?.issues.map(({ path }) => path.join('/'));
    const source = { url: 'https://a.example/a.pdf' };
    const store = { supabase: { bucket: 'b', path: 'p' } };
    expect(issues({ source, into: { every: 2, bookmarks: true } })).toEqual(['into']);
    expect(issues({ source, into: { ranges: [{ pages: '1', name: 'part-2' }, { pages: '2' }] } })).toEqual([
      'into/ranges',
    ]);
    expect(issues({ source, into: { every: 2 }, store })).toEqual(['store']);
    expect(issues({ source, into: { ranges: [{ pages: '1' }] }, store })).toBeUndefined();
  });
});
