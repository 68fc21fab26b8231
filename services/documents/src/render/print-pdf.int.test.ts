import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mm, readPdf, startRenderer, type TestRenderer, type TestRequest } from './renderer.fixture.js';

let renderer: TestRenderer;
beforeAll(async () => {
  renderer = await startRenderer();
});
afterAll(() => renderer[Symbol.asyncDispose]());

async function pdfOf(html: string, pdf: TestRequest['pdf'] = {}, rest: TestRequest = {}) {
  const { data, report } = await renderer.render({ html, pdf, ...rest });
  return { ...(await readPdf(data)), report };
}
const THREE = '<style>p { break-after: page }</style><p>one</p><p>two</p><b>three</b>';

describe('paper', () => {
  test.each([
    ['is A4 by default', {}, 210, 297],
    ['is taken by name', { paper: 'a5' as const }, 148, 210],
    ['is taken in units', { paper: { width: '4in', height: '150mm' } }, 101.6, 150],
    ['lies on its side', { landscape: true }, 297, 210],
  ])('%s', async (_, pdf, width, height) => {
    const { pages } = await pdfOf('<p>x</p>', pdf);
    expect(pages[0]!.width).toBeCloseTo(mm(width), -0.5);
    expect(pages[0]!.height).toBeCloseTo(mm(height), -0.5);
  });

  const sized = '<style>@page { size: 100mm 80mm }</style><p>x</p>';
  test('is that of @page where the request names none', async () => {
    expect((await pdfOf(sized)).pages[0]!.width).toBeCloseTo(mm(100), -0.5);
  });

  test('is that of the request where it names one, unless it prefers the page’s', async () => {
    expect((await pdfOf(sized, { paper: 'a4' })).pages[0]!.width).toBeCloseTo(mm(210), -0.5);
    expect((await pdfOf(sized, { paper: 'a4', preferCssPageSize: true })).pages[0]!.width).toBeCloseTo(mm(100), -0.5);
  });

  test('is as long as the content for a single page', async () => {
    const { pages, report } = await pdfOf(`<body style="margin:0"><div style="height:3000px">top</div>end`, {
      singlePage: true,
      margins: '10mm',
    });
    expect(report.pages).toBe(1);
    expect(pages[0]!.height).toBeGreaterThan(3000 * 0.75 + mm(20));
    expect(pages[0]!.height).toBeLessThan(3050 * 0.75 + mm(20));
    expect(pages[0]!.text).toContain('end');
  });

  test.each([
    ['margins that the request names', { margins: '10mm' }],
    ['the margins of every document', {}],
  ])('is as long as the content whatever @page says, with %s', async (_, margins) => {
    const html =
      '<style>@page { size: A4; margin: 40mm } body { margin: 0 }</style><div style="height:3000px">top</div>end';
    const { pages, report } = await pdfOf(html, { singlePage: true, ...margins });
    expect(pages.map(({ height }) => height)).toEqual([expect.closeTo(3020 * 0.75 + mm(20), -2)]);
    expect(report.warnings).toEqual([]);
  });

  test('cannot be longer than a PDF allows', async () => {
    await expect(pdfOf('<div style="height:30000px">', { singlePage: true })).rejects.toMatchObject({
      code: 'document_failed',
      detail: expect.stringMatching(/7\.\d+ m long; a single page may have 5 m/),
    });
  });
});

test('margins put the text where they say, one length for all sides or one for each', async () => {
  const at = async (margins: NonNullable<TestRequest['pdf']>['margins']) => {
    const { pages } = await pdfOf('<body style="margin:0;font-size:12px;line-height:1">Text', { margins });
    const [, , , , x, y] = pages[0]!.items[0]!.transform as number[];
    return [Math.round(x! / mm(1)), Math.floor((pages[0]!.height - y!) / mm(1))];
  };
  expect(await at(undefined)).toEqual([10, 12]);
  expect(await at('30mm')).toEqual([30, 32]);
  expect(await at({ left: '5mm', top: '2in' })).toEqual([5, 53]);
});

test('margins of the request go before those of @page, which count where it names none', async () => {
  const html = '<style>@page { margin: 40mm } body { margin: 0 }</style>Text';
  const left = async (margins?: string) => (await pdfOf(html, { margins })).pages[0]!.items[0]!.transform[4] as number;
  expect(await left()).toBeCloseTo(mm(40), 0);
  expect(await left('20mm')).toBeCloseTo(mm(20), 0);
});

test('margins that leave no room are refused', async () => {
  await expect(pdfOf('x', { margins: '150mm' })).rejects.toMatchObject({
    code: 'invalid_input',
    detail: expect.stringContaining('pdf.margins'),
  });
});

test('scale makes the text larger', async () => {
  const size = async (scale: number) => (await pdfOf('<p>x</p>', { scale })).pages[0]!.items[0]!.height;
  expect(await size(2)).toBeCloseTo(2 * (await size(1)), 1);
});

describe('page ranges', () => {
  test.each([
    ['2', ['two']],
    ['1, 3', ['one', 'three']],
    ['2-', ['two', 'three']],
    ['-2', ['one', 'two']],
    ['2-99', ['two', 'three']],
  ])('%s', async (pageRanges, texts) => {
    const { pages, report } = await pdfOf(THREE, { pageRanges });
    expect(pages.map(({ text }) => text.trim())).toEqual(texts);
    expect(report.pages).toBe(texts.length);
  });

  test.each([
    ['7', 'document_failed', /no page of pdf.pageRanges \(7\)/],
    ['5-2', 'invalid_input', /5-2 ends before it begins/],
    ['0-2', 'invalid_input', /pages count from 1/],
  ])('%s is refused', async (pageRanges, code, detail) => {
    await expect(pdfOf(THREE, { pageRanges })).rejects.toMatchObject({ code, detail: expect.stringMatching(detail) });
  });
});

test('structure is there by default, bookmarks when they are asked for', async () => {
  const html = '<title>Offer</title><h1>First</h1><p>x</p><h1>Second</h1>';
  expect(await pdfOf(html)).toMatchObject({ title: 'Offer', tagged: true, outline: [] });
  expect(await pdfOf(html, { outline: true })).toMatchObject({ outline: ['First', 'Second'] });
  expect(await pdfOf(html, { outline: true, tagged: false })).toMatchObject({ outline: ['First', 'Second'] });
  expect(await pdfOf(html, { tagged: false })).toMatchObject({ tagged: false });
});

test('backgrounds are printed unless they are not wanted', async () => {
  const html = '<body style="background: #ff0000">x';
  const filled = async (background?: boolean) => (await renderer.render({ html, pdf: { background } })).data.length;
  expect(await filled(false)).toBeLessThan(await filled());
});

test('options of the page are followed where the request says nothing else', async () => {
  const { pages } = await pdfOf('x', { landscape: true }, {});
  expect(pages[0]!.width).toBeGreaterThan(pages[0]!.height);
});

test('fonts are named by their families', async () => {
  const { report } = await pdfOf(
    '<p style="font-family: DejaVu Sans">a <b>b</b></p><p style="font-family: Liberation Serif">c',
  );
  expect(report.fonts).toEqual(['DejaVu Sans', 'Liberation Serif']);
  expect(report).toMatchObject({ engine: 'browser', failedResources: [], consoleErrors: [], warnings: [] });
});

test('a document of more bytes than the operator allows is refused', async () => {
  await using small = await startRenderer({}, { maxMegabytes: 0.001 });
  await expect(small.render({ html: THREE })).rejects.toMatchObject({
    code: 'document_failed',
    detail: expect.stringContaining('DOCUMENTS_MAX_MB'),
  });
});
