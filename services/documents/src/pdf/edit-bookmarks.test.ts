import { PDFDict, PDFDocument, PDFName, PDFString } from '@cantoo/pdf-lib';
import type { Bookmark } from '@tandem/contracts/pdf-bookmarks';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { describe, expect, test } from 'vitest';
import { makePdf, outlineOf } from '../pdf-files.fixture.js';
import { editBookmarks } from './edit-bookmarks.js';
import { rawPdf } from './hostile-pdfs.fixture.js';

const NEW: Bookmark[] = [
  { title: 'Übersicht – ملخص', page: 1 },
  {
    title: 'Chapitre',
    page: 2,
    open: false,
    children: [{ title: 'Un', page: 3, children: [{ title: 'Détail', page: 3 }] }],
  },
];

/** What another library finds: titles, and whether what is below is shown. */
async function seenBy(data: Uint8Array) {
  const document = await getDocument({ data: new Uint8Array(data), verbosity: 0 }).promise;
  type Item = { title: string; count?: number; items: Item[] };
  const told = ({ title, count, items }: Item): unknown[] => [title, count, ...items.map(told)];
  return ((await document.getOutline()) as Item[] | null)?.map(told) ?? [];
}

describe('bookmarks', () => {
  test('are set in place of those that were there, and read', async () => {
    const data = await makePdf('a', 3, { outline: [['old', 1]] });
    const made = await editBookmarks({ data, bookmarks: NEW });
    expect(made).toMatchObject({ bookmarks: NEW, pages: 3, warnings: [] });
    expect(await outlineOf(made.data!)).toEqual([
      ['Übersicht – ملخص', 1],
      ['Chapitre', 2, ['Un', 3, ['Détail', 3]]],
    ]);
    expect(await seenBy(made.data!)).toEqual([
      ['Übersicht – ملخص', undefined],
      ['Chapitre', -2, ['Un', 1, ['Détail', undefined]]],
    ]);
    expect(Buffer.from(made.data!).includes('old')).toBe(false);
    expect(await editBookmarks({ data: made.data! })).toEqual({ bookmarks: NEW, pages: 3, warnings: [] });
  });

  test('come after those that were there, where that is wanted', async () => {
    const data = await makePdf('a', 2, {
      outline: [
        ['first', 1],
        ['second', 2],
      ],
    });
    const made = await editBookmarks({ data, bookmarks: [{ title: 'third', page: 2 }], add: true });
    expect(await outlineOf(made.data!)).toEqual([
      ['first', 1],
      ['second', 2],
      ['third', 2],
    ]);
    const none = await editBookmarks({
      data: await makePdf('a', 1),
      bookmarks: [{ title: 'only', page: 1 }],
      add: true,
    });
    expect(await outlineOf(none.data!)).toEqual([['only', 1]]);
  });

  test.each([
    ['the whole', '<< /First 4 0 R /Last 5 0 R /Count 2 >>', '/Next 5 0 R'],
    ['its first item', '<< /First << /Title (one) /Dest [3 0 R /Fit] /Next 5 0 R >> /Last 5 0 R >>', ''],
    ['a next item', '6 0 R', '/Next << /Title (two) /Dest [3 0 R /Fit] >>'],
  ])('come after those of an outline that stands in place: %s', async (_, outlines, next) => {
    const data = rawPdf({
      1: `<< /Type /Catalog /Pages 2 0 R /Outlines ${outlines} >>`,
      2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
      3: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>',
      4: `<< /Title (one) /Dest [3 0 R /Fit] ${next} >>`,
      5: '<< /Title (two) /Dest [3 0 R /Fit] >>',
      6: '<< /First 4 0 R >>',
    });
    const { bookmarks } = await editBookmarks({ data });
    expect(bookmarks.map(({ title }) => title)).toEqual(['one', 'two']);
    const made = await editBookmarks({ data, bookmarks: [{ title: 'three', page: 1 }], add: true });
    expect(made).toMatchObject({ bookmarks: [...bookmarks, { title: 'three', page: 1 }], warnings: [] });
    expect((await seenBy(made.data!)).map(([title]) => title)).toEqual(['one', 'two', 'three']);
  });

  test('are removed by an empty list', async () => {
    const made = await editBookmarks({ data: await makePdf('a', 1, { outline: [['old', 1]] }), bookmarks: [] });
    expect([made.bookmarks, await outlineOf(made.data!)]).toEqual([[], []]);
  });

  test('are the same file each time', async () => {
    const data = await makePdf('a', 3);
    const [first, second] = [
      await editBookmarks({ data, bookmarks: NEW }),
      await editBookmarks({ data, bookmarks: NEW }),
    ];
    expect(first.data!.equals(second.data!)).toBe(true);
  });

  test('lead to places by name, by actions, or nowhere', async () => {
    const pdf = await PDFDocument.load(
      await makePdf('a', 2, {
        outline: [
          ['named', 1],
          ['elsewhere', 1],
        ],
        names: { end: 2 },
      }),
    );
    const [named, elsewhere] = [...pdf.context.enumerateIndirectObjects()]
      .map(([, object]) => object)
      .filter((object): object is PDFDict => object instanceof PDFDict && object.has(PDFName.of('Dest')));
    named!.set(PDFName.of('Dest'), PDFString.of('end'));
    elsewhere!.delete(PDFName.of('Dest'));
    elsewhere!.set(PDFName.of('A'), pdf.context.obj({ S: 'URI' }));
    const { bookmarks } = await editBookmarks({ data: await pdf.save() });
    expect(bookmarks).toEqual([{ title: 'named', page: 2 }, { title: 'elsewhere' }]);
  });

  test('lead to no page of this document where they lead into another, whatever places have that name here', async () => {
    const leads = (action: string) =>
      rawPdf({
        1: '<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R /Dests << /end [3 0 R /Fit] >> >>',
        2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        3: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>',
        4: '<< /First 5 0 R >>',
        5: `<< /Title (a) /A << ${action} /D (end) >> >>`,
      });
    expect((await editBookmarks({ data: leads('/S /GoTo') })).bookmarks).toEqual([{ title: 'a', page: 1 }]);
    expect((await editBookmarks({ data: leads('/S /GoToR /F (other.pdf)') })).bookmarks).toEqual([{ title: 'a' }]);
  });

  test('have titles of whole letters, however long they are', async () => {
    const data = await makePdf('a', 1, { outline: [[`${'x'.repeat(499)}😀`, 1]] });
    expect((await editBookmarks({ data })).bookmarks).toEqual([{ title: `${'x'.repeat(499)} `, page: 1 }]);
  });
});

test('a page that is not there is named with its bookmark', async () => {
  const bookmarks = [{ title: 'A', page: 1, children: [{ title: 'Annexe', page: 4 }] }];
  await expect(editBookmarks({ data: await makePdf('a', 3), bookmarks })).rejects.toMatchObject({
    code: 'invalid_input',
    detail: 'bookmarks/0/children/0/page: there is no page 4 for "Annexe"; the document has pages 1 to 3.',
  });
});

describe('outlines that harm', () => {
  const page = {
    2: '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    3: '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>',
  };
  const outlined = (items: Record<number, string>) =>
    rawPdf({ 1: '<< /Type /Catalog /Pages 2 0 R /Outlines 4 0 R >>', ...page, ...items });
  const HARM: Record<string, () => Buffer> = {
    'go in a circle': () =>
      outlined({
        4: '<< /First 5 0 R >>',
        5: '<< /Title (a) /Next 6 0 R >>',
        6: '<< /Title (b) /Next 5 0 R /First 4 0 R >>',
      }),
    'are their own kids': () => outlined({ 4: '<< /First 5 0 R >>', 5: '<< /Title (a) /First 5 0 R >>' }),
    'are no dictionary': () => outlined({ 4: '[1 2 3]' }),
    'begin with a number': () => outlined({ 4: '<< /First 7 >>' }),
    'are deeper than any book': () => {
      const items = Array.from({ length: 3_000 }, (_, at): [number, string] => [
        5 + at,
        `<< /Title (${at}) /First ${6 + at} 0 R >>`,
      ]);
      return outlined({ 4: '<< /First 5 0 R >>', ...Object.fromEntries(items), 3005: '<< /Title (end) >>' });
    },
    'are many': () => {
      const items = Array.from({ length: 9_000 }, (_, at): [number, string] => [
        5 + at,
        `<< /Title (${'x'.repeat(90)}) /Next ${6 + at} 0 R >>`,
      ]);
      return outlined({ 4: '<< /First 5 0 R >>', ...Object.fromEntries(items) });
    },
  };

  test.each(Object.entries(HARM))('%s: they are read as far as they go, and others added', async (_, make) => {
    const read = await editBookmarks({ data: make() });
    expect(JSON.stringify(read.bookmarks).length).toBeLessThan(200_000);
    const added = await editBookmarks({ data: make(), bookmarks: [{ title: 'new', page: 1 }], add: true });
    expect(added.data!.subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('what an answer does not hold is said', async () => {
    expect((await editBookmarks({ data: HARM['are many']!() })).warnings).toEqual([
      expect.stringContaining('more bookmarks than an answer holds'),
    ]);
    const { bookmarks, warnings } = await editBookmarks({ data: HARM['are deeper than any book']!() });
    expect(warnings).toEqual([expect.stringContaining('deeper than 6 levels')]);
    expect(JSON.stringify(bookmarks).split('children')).toHaveLength(6);
  });
});
