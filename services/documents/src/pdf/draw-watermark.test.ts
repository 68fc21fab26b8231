import { Watermark } from '@tandem/contracts/pdf-marks';
import sharp, { type Create } from 'sharp';
import { expect, test } from 'vitest';
import { drawWatermark } from './draw-watermark.js';
import { pageText } from './page-text.js';
import { allOf, pdfOf, pixelsOf } from './pages.fixture.js';

const OBJECT = '0193b3f0-0000-7000-8000-000000000001';
const markOf = (watermark: object) => Watermark.parse(watermark);
const png = (background: object, width = 40, height = 20) =>
  sharp({ create: { width, height, channels: 4, background: background as Create['background'] } })
    .png()
    .toBuffer();
const RED = { r: 255, g: 0, b: 0, alpha: 1 };

test('a text lies across the page, and is found again', async () => {
  const made = await drawWatermark({
    data: await pdfOf({ width: 400, height: 400 }),
    watermark: markOf({ text: 'BROUILLON' }),
  });
  const { ink, at } = await pixelsOf(made.data);
  // 0.7 of the page, once turned by 45 degrees, in its middle; grey at 0.3.
  expect(ink.right - ink.left).toBeGreaterThan(250);
  expect(ink.right - ink.left).toBeLessThan(285);
  expect((ink.left + ink.right) / 2).toBeCloseTo(200, -1);
  expect((ink.top + ink.bottom) / 2).toBeCloseTo(200, -1);
  expect(at(ink.left, ink.top)).toEqual([255, 255, 255]);
  expect((await allOf(pageText(made.data)))[0]!.text).toContain('BROUILLON');
});

test('an image has its colour, its opacity, its place and its size', async () => {
  const watermark = markOf({
    image: { object: OBJECT },
    opacity: 0.5,
    position: 'southeast',
    scale: 0.2,
    margin: '10pt',
  });
  const { data } = await drawWatermark({ data: await pdfOf({}), watermark, file: await png(RED) });
  const { ink, at } = await pixelsOf(data);
  // 300 x 200: 60 wide, 30 high, 10 from the edges.
  expect(ink).toEqual({ left: 230, top: 160, right: 289, bottom: 189 });
  expect(at(260, 175)[0]).toBeGreaterThan(250);
  expect(at(260, 175)[1]).toBeCloseTo(127, -1);
});

test('a mark is seen through as a whole, whatever overlaps in it, and keeps its own transparency', async () => {
  const watermark = markOf({ image: { object: OBJECT }, opacity: 0.5 });
  const { data } = await drawWatermark({ data: await pdfOf({}), watermark, file: await png({ ...RED, alpha: 0.5 }) });
  expect((await pixelsOf(data)).at(150, 100)[1]).toBeCloseTo(191, -1);
});

test('under is hidden by what the page paints, over is not', async () => {
  const base = { image: { object: OBJECT }, opacity: 1 };
  const task = { data: await pdfOf({ painted: true }), file: await png(RED) };
  const under = await drawWatermark({ ...task, watermark: markOf({ ...base, layer: 'under' }) });
  expect((await pixelsOf(under.data)).at(150, 100)).toEqual([255, 255, 0]);
  const over = await drawWatermark({ ...task, watermark: markOf(base) });
  expect((await pixelsOf(over.data)).at(150, 100)).toEqual([254, 0, 0]);
});

test('a tiled mark covers all of the page', async () => {
  const watermark = markOf({ image: { object: OBJECT }, tile: true, scale: 0.1, margin: '5mm', opacity: 1 });
  const { data } = await drawWatermark({ data: await pdfOf({ rotate: 90 }), watermark, file: await png(RED) });
  const { width, height, at } = await pixelsOf(data);
  for (const [x, y] of [
    [0, 0],
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const corner = [];
    for (let dx = 0; dx < 60; dx++)
      for (let dy = 0; dy < 60; dy++) corner.push(at(x ? width - 1 - dx : dx, y ? height - 1 - dy : dy));
    expect(
      corner.some(([, green]) => green! < 50),
      `${x} ${y}`,
    ).toBe(true);
  }
});

test('a page of another PDF goes under the pages as letter paper, upright as it is seen', async () => {
  const paper = await pdfOf({ text: 'SARL Téranga', width: 600, height: 400, crop: [0, 0, 300, 200] });
  const watermark = markOf({ pdf: { object: OBJECT }, layer: 'under' });
  const made = await drawWatermark({
    data: await pdfOf({ text: 'Devis' }, { rotate: 90, width: 200, height: 300 }),
    watermark,
    file: paper,
  });
  expect((await allOf(pageText(made.data))).map(({ text }) => text.includes('SARL Téranga'))).toEqual([true, true]);
  const { ink } = await pixelsOf(made.data, 2);
  const alone = await pixelsOf(paper);
  expect(ink).toEqual(alone.ink);
});

test('only the pages that are asked for get it, and pages that look alike share one', async () => {
  const data = await pdfOf(...Array.from({ length: 60 }, () => ({})));
  const watermark = markOf({ text: 'COPIE' });
  const few = await drawWatermark({ data, watermark, pages: '1' });
  const many = await drawWatermark({ data, watermark, pages: '1, 3-' });
  expect((await pixelsOf(many.data, 2)).ink.right).toBe(-1);
  expect((await pixelsOf(many.data, 60)).ink.right).toBeGreaterThan(0);
  expect(many.data.length - few.data.length).toBeLessThan(58 * 400);
});

test('the same task gives the same bytes', async () => {
  const task = { data: await pdfOf({}), watermark: markOf({ text: 'Œuvre' }) };
  expect((await drawWatermark(task)).data.equals((await drawWatermark(task)).data)).toBe(true);
});

test.each([
  ['what is no image', Buffer.from('GIF89a, or so it says'), 'image_unreadable'],
  ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'image_unreadable'],
])('%s is refused as a watermark', async (_name, file, code) => {
  const watermark = markOf({ image: { object: OBJECT } });
  await expect(drawWatermark({ data: await pdfOf({}), watermark, file })).rejects.toMatchObject({ code });
});

test('a page that the other PDF lacks is refused', async () => {
  const watermark = markOf({ pdf: { object: OBJECT, page: 3 } });
  const refused = drawWatermark({ data: await pdfOf({}), watermark, file: await pdfOf({}) });
  await expect(refused).rejects.toMatchObject({
    detail: 'watermark.pdf.page: there is no page 3; the document has 1.',
  });
});
