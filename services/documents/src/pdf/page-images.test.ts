import { PDFDocument, rgb } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { countPages } from './count-pages.js';
import { imageSize, pageImages } from './page-images.js';
import { pageText } from './page-text.js';

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function twoPages(): Promise<Uint8Array> {
  const pdf = await PDFDocument.create();
  for (const color of [rgb(1, 0, 0), rgb(0, 0, 1)]) {
    const page = pdf.addPage([200, 100]);
    page.drawRectangle({ x: 0, y: 0, width: 100, height: 100, color });
    page.drawText('Reçu n° 7', { x: 110, y: 50, size: 12 });
  }
  return pdf.save();
}

test('pages are drawn upright, at the size that is asked for, in the order that is asked for', async () => {
  const images = await all(pageImages(await twoPages(), { pages: [2, 1], width: 400 }));
  expect(images.map(({ page, width, height }) => ({ page, width, height }))).toEqual([
    { page: 2, width: 400, height: 200 },
    { page: 1, width: 400, height: 200 },
  ]);
  const left = sharp(images[0]!.data).extract({ left: 50, top: 50, width: 1, height: 1 });
  expect([...(await left.raw().toBuffer())]).toEqual([0, 0, 255]);
});

test('pages are counted, and their text is read', async () => {
  const pdf = await twoPages();
  expect(await countPages(pdf)).toBe(2);
  expect(await all(pageText(pdf, { pages: [1] }))).toEqual([{ page: 1, text: 'Reçu n° 7' }]);
});

test.each([
  [{ width: 200, height: 100 }, { scale: 2 }, { width: 400, height: 200 }],
  [
    { width: 200, height: 100 },
    { width: 50, height: 50 },
    { width: 50, height: 25 },
  ],
  [
    { width: 1e9, height: 1e9 },
    { scale: 1, maxPixels: 1_000_000 },
    { width: 1000, height: 1000 },
  ],
  [{ width: 1e9, height: 1 }, { scale: 1 }, { width: 16_382, height: 1 }],
  [{ width: 0, height: 0 }, { width: 100 }, { width: 100, height: 100 }],
])('a page of %j with %j is %j pixels large', (points, options, size) => {
  expect(imageSize(points, options)).toEqual(size);
});

test('what is no PDF is refused with its reason', async () => {
  await expect(countPages(Buffer.from('hello'))).rejects.toMatchObject({
    code: 'document_unreadable',
    detail: expect.stringContaining('no PDF at all'),
  });
});
