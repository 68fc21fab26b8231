import { PDFDocument, PDFName } from '@cantoo/pdf-lib';
import { Stamp } from '@tandem/contracts/pdf-marks';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { drawStamps } from './draw-stamps.js';
import { pageText } from './page-text.js';
import { allOf, pdfOf, pixelsOf, type TestPage } from './pages.fixture.js';

const DAY = { date: '2026-11-21', locale: 'fr-FR' };
const stampOf = (stamp: Partial<Stamp> & { text: string }) => Stamp.parse(stamp);
const textsOf = async (pdf: Uint8Array) => (await allOf(pageText(pdf))).map(({ text }) => text);

test('page, pages and date are filled in on each page', async () => {
  const data = await pdfOf({}, {}, {});
  const stamps = [stampOf({ text: 'Page {page} / {pages}, le {date}' })];
  const made = await drawStamps({ data, stamps, ...DAY });
  expect(await textsOf(made.data)).toEqual([1, 2, 3].map((page) => `Page ${page} / 3, le 21 novembre 2026`));
  expect(made).toMatchObject({ pages: 3, warnings: [] });
});

test('a placeholder that is none is shown, and named in a warning', async () => {
  const stamps = [stampOf({ text: '{date}' }), stampOf({ text: '{Page} of {pages}' })];
  const made = await drawStamps({ data: await pdfOf({}), stamps, ...DAY });
  expect(made.warnings).toEqual([
    'stamps.1.text: {Page} is shown as it is; only {page}, {pages} and {date} are filled in.',
  ]);
});

test('numbers begin where they are asked to, on the pages that are asked for', async () => {
  const data = await pdfOf({ text: 'cover' }, {}, {}, {});
  const task = { data, stamps: [stampOf({ text: '{page}/{pages}' })], pages: '2-', firstNumber: 1, ...DAY };
  expect(await textsOf((await drawStamps(task)).data)).toEqual(['cover', '1/3', '2/3', '3/3']);
});

test('the same task gives the same bytes', async () => {
  const task = { data: await pdfOf({}), stamps: [stampOf({ text: '{page}', bold: true })], ...DAY };
  expect((await drawStamps(task)).data.equals((await drawStamps(task)).data)).toBe(true);
});

const corner = fc.integer({ min: -600, max: 600 });
const side = fc.integer({ min: 40, max: 700 });
const share = fc.integer({ min: -30, max: 30 }).map((percent) => percent / 100);
const anyPage = fc.record({
  media: fc
    .tuple(corner, corner, side, side, fc.boolean())
    .map(([x, y, w, h, swapped]): [number, number, number, number] =>
      swapped ? [x + w, y + h, x, y] : [x, y, x + w, y + h],
    ),
  // Hundredths of the MediaBox that are cut off at each side, or added.
  crop: fc.option(fc.tuple(share, share, share, share)),
  rotate: fc.constantFrom(0, 90, 180, 270, -90, 450, 720),
  userUnit: fc.constantFrom(undefined, 1, 2.5),
  position: fc.constantFrom('northwest', 'north', 'northeast', 'southwest', 'south', 'southeast'),
  size: fc.integer({ min: 6, max: 60 }),
});

test('on a page of any boxes, turned in any way, a stamp is upright, at its place and within what is visible', async () => {
  await fc.assert(
    fc.asyncProperty(anyPage, async ({ media, crop, rotate, userUnit, position, size }) => {
      const [x, y] = [Math.min(media[0], media[2]), Math.min(media[1], media[3])];
      const [w, h] = [Math.abs(media[2] - media[0]), Math.abs(media[3] - media[1])];
      const [left = 0, bottom = 0, right = 0, top = 0] = crop ?? [];
      const cropBox: TestPage['crop'] = [x + left * w, y + bottom * h, w * (1 - left - right), h * (1 - bottom - top)];
      const data = await pdfOf({ media, rotate, userUnit, crop: crop ? cropBox : undefined });
      const stamps = [stampOf({ text: 'Ébgjp|', position, margin: '4mm', size })];
      const page = await pixelsOf((await drawStamps({ data, stamps, ...DAY })).data, 1, 2);
      const { ink, width, height } = page;
      // There is some, and it is cut nowhere: white is on all sides.
      expect(ink.right).toBeGreaterThan(ink.left);
      expect(Math.min(ink.left, ink.top, width - 1 - ink.right, height - 1 - ink.bottom)).toBeGreaterThan(1);
      // A line of text is wider than high.
      expect(ink.right - ink.left).toBeGreaterThan(ink.bottom - ink.top);
      const [across, down] = [(ink.left + ink.right) / 2 / width, (ink.top + ink.bottom) / 2 / height];
      const slack = 0.06;
      if (position.endsWith('west')) expect(across).toBeLessThan(0.5 + slack);
      else if (position.endsWith('east')) expect(across).toBeGreaterThan(0.5 - slack);
      else expect(Math.abs(across - 0.5)).toBeLessThan(slack);
      if (position.startsWith('north')) expect(down).toBeLessThan(0.5 + slack);
      else expect(down).toBeGreaterThan(0.5 - slack);
    }),
    { numRuns: 25, interruptAfterTimeLimit: 60_000 },
  );
});

test('a text that is too wide for the page is made smaller', async () => {
  const stamps = [stampOf({ text: 'W'.repeat(200), size: 40 })];
  const { ink, width } = await pixelsOf((await drawStamps({ data: await pdfOf({}), stamps, ...DAY })).data);
  expect([ink.left > 10, ink.right < width - 10]).toEqual([true, true]);
});

test('what the page leaves open turns, scales or hides no stamp', async () => {
  const pdf = await PDFDocument.load(await pdfOf({}));
  const messy = 'q q 0.1 0 0 0.1 0 0 cm (Q \\) Q) pop q 3 3 3 rg 0 0 1 1 re W n BT /F1 2 Tf % Q Q\n';
  pdf.getPage(0).node.set(PDFName.Contents, pdf.context.register(pdf.context.stream(messy)));
  const stamps = [stampOf({ text: 'here', position: 'southwest' })];
  const clean = await pixelsOf((await drawStamps({ data: await pdfOf({}), stamps, ...DAY })).data);
  const { ink } = await pixelsOf((await drawStamps({ data: await pdf.save(), stamps, ...DAY })).data);
  expect(ink).toEqual(clean.ink);
});

test('right-to-left text is shaped, in order, and found again', async () => {
  const stamps = [
    stampOf({ text: 'سلام 123 (abc)', position: 'north' }),
    stampOf({ text: 'שלום עולם', position: 'south', font: 'sans' }),
  ];
  const [text] = await textsOf((await drawStamps({ data: await pdfOf({}), stamps, ...DAY })).data);
  expect(text).toContain('سلام 123');
  expect(text).toContain('שלום עולם');
});

test('letters that no font has are refused by name', async () => {
  const task = { data: await pdfOf({}), stamps: [stampOf({ text: 'ok' }), stampOf({ text: '日本' })], ...DAY };
  await expect(drawStamps(task)).rejects.toMatchObject({
    code: 'invalid_input',
    detail: expect.stringMatching(/^stamps\.1\.text: the fonts have no letters for 日 本\./),
  });
});

test('pages that share their resources get each its own stamp', async () => {
  const pdf = await PDFDocument.load(await pdfOf({}, {}));
  const shared = pdf.context.register(pdf.context.obj({}));
  for (const page of pdf.getPages()) page.node.set(PDFName.Resources, shared);
  const made = await drawStamps({ data: await pdf.save(), stamps: [stampOf({ text: 'no. {page}' })], ...DAY });
  expect(await textsOf(made.data)).toEqual(['no. 1', 'no. 2']);
});
