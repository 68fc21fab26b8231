import { PDFDocument, PDFName } from '@cantoo/pdf-lib';
import { Stamp } from '@tandem/contracts/pdf-marks';
import { expect, test } from 'vitest';
import { drawStamps } from './draw-stamps.js';
import { pageText } from './page-text.js';
import { allOf, pdfOf } from './pages.fixture.js';

/** A page of one line for each text, from the top, in an embedded font. */
async function pageOf(...texts: string[]): Promise<Uint8Array> {
  let data = await pdfOf({ height: 400, width: 500 });
  for (const [index, text] of texts.entries()) {
    const stamps = [Stamp.parse({ text, position: 'northwest', margin: `${5 + index * 8}mm` })];
    data = (await drawStamps({ data, stamps, date: '2026-11-21', locale: 'fr' })).data;
  }
  return data;
}

test('accents, ligatures, signs of money and other scripts are what they were', async () => {
  const lines = [
    'Reçu n° 7 : Œuvre d’Aïssatou, 1 500 €',
    'office ffi fluffy fjord',
    'Ŋ ɔ Ɛ ŵ ş İ Straße',
    'Ελλάδα Україна Հայաստան',
  ];
  const [page] = await allOf(pageText(await pageOf(...lines)));
  expect(page!.text.split('\n')).toEqual(lines);
});

test('Arabic and Hebrew come in reading order, ligatures of lam and alef among them', async () => {
  const lines = ['السلام عليكم', 'الأسعار والإجمالي', 'שלום עולם'];
  const [page] = await allOf(pageText(await pageOf(...lines)));
  expect(page!.text.split('\n')).toEqual(lines);
});

test('a hyphen at the end of a line stays', async () => {
  const pdf = await PDFDocument.load(await pdfOf({}));
  pdf.getPage(0).drawText('Porto-', { x: 40, y: 120, size: 12 });
  pdf.getPage(0).drawText('Novo', { x: 40, y: 106, size: 12 });
  expect((await allOf(pageText(await pdf.save())))[0]!.text).toBe('Porto-\nNovo');
});

test('letters that their font does not name are told apart, and hide no others', async () => {
  const pdf = await PDFDocument.load(await pageOf('abc def'));
  for (const [, object] of pdf.context.enumerateIndirectObjects()) {
    if ('delete' in object) (object as { delete(key: PDFName): void }).delete(PDFName.of('ToUnicode'));
  }
  pdf.getPage(0).drawText('known', { x: 40, y: 40, size: 12 });
  const [page] = await allOf(pageText(await pdf.save()));
  expect(page!.text).toContain('known');
});

test('layout keeps columns where they stand', async () => {
  const pdf = await PDFDocument.load(await pdfOf({ width: 400, height: 200 }));
  const rows = [
    ['Désignation', 'Prix'],
    ['Savon', '1 500'],
    ['Thé vert', '12 000'],
  ];
  for (const [row, [name, price]] of rows.entries()) {
    pdf.getPage(0).drawText(name!, { x: 40, y: 150 - 20 * row, size: 12 });
    pdf.getPage(0).drawText(price!, { x: 200, y: 150 - 20 * row, size: 12 });
  }
  const [page] = await allOf(pageText(await pdf.save(), { layout: true }));
  const lines = page!.text.split('\n');
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual(rows);
  expect(new Set(lines.map((line, row) => line.indexOf(rows[row]![1]!))).size).toBe(1);
});
