import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRenderer, type TestRenderer, type TestRequest } from './renderer.fixture.js';

let renderer: TestRenderer;
beforeAll(async () => {
  renderer = await startRenderer();
});
afterAll(() => renderer[Symbol.asyncDispose]());

const HTML = `<style>body { margin: 0; width: 200px } @media print { body { background: black } }
  div { height: 100px; background: rgb(255, 0, 0) } div + div { background: rgb(0, 0, 255); margin-left: 50px }</style>
  <div></div><div id="blue"></div><div style="height: 800px"></div>`;

async function shot(screenshot: TestRequest['screenshot'], format: 'png' | 'jpeg' | 'webp' = 'png', html = HTML) {
  const { data, type, report } = await renderer.render({ html, format, screenshot });
  const metadata = await sharp(data).metadata();
  expect([report.width, report.height]).toEqual([metadata.width, metadata.height]);
  expect(type).toBe(`image/${format}`);
  const { data: pixels, info } = await sharp(data).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...pixels.subarray(4 * (y * info.width + x), 4 * (y * info.width + x) + 4)];
  return { size: [metadata.width, metadata.height], format: metadata.format, bytes: data.length, at };
}

test('is the window, of the size and density that is wanted', async () => {
  const { size, at } = await shot({});
  expect(size).toEqual([1280, 720]);
  expect([at(10, 10), at(60, 110), at(10, 110)]).toEqual([
    [255, 0, 0, 255],
    [0, 0, 255, 255],
    [255, 255, 255, 255],
  ]);
  expect((await shot({ width: 300, height: 200, scale: 2 })).size).toEqual([600, 400]);
});

test('is all of the page, one element, or a part', async () => {
  expect((await shot({ width: 400, fullPage: true })).size).toEqual([400, 1000]);
  const element = await shot({ selector: '#blue', scale: 1.5 });
  expect(element.size).toEqual([225, 150]);
  expect(element.at(1, 1)).toEqual([0, 0, 255, 255]);
  const part = await shot({ clip: { x: 40, y: 90, width: 20, height: 20 } });
  expect(part.size).toEqual([20, 20]);
  expect([part.at(0, 0), part.at(19, 19), part.at(0, 19)]).toEqual([
    [255, 0, 0, 255],
    [0, 0, 255, 255],
    [255, 255, 255, 255],
  ]);
});

test('is a JPEG or WebP of a quality', async () => {
  const noise = '<style>body{background:repeating-conic-gradient(#000 0 3%, #f80 0 7%, #08f 0 9%)}</style>';
  for (const format of ['jpeg', 'webp'] as const) {
    const [low, usual] = [await shot({ quality: 10 }, format, noise), await shot({}, format, noise)];
    expect(usual.format).toBe(format);
    expect(low.bytes).toBeLessThan(usual.bytes);
  }
});

test('has nothing behind a page without background when that is wanted', async () => {
  for (const format of ['png', 'webp'] as const) {
    expect((await shot({ transparent: true }, format)).at(10, 110)[3]).toBe(0);
  }
});

test.each([
  ['an element that is not there', { selector: '#none' }, 'document_failed', /No element matches screenshot.selector/],
  ['what is no selector', { selector: 'p[' }, 'invalid_input', /screenshot.selector is not a CSS selector/],
  ['too many pixels', { width: 16_000, height: 16_000 }, 'document_failed', /16000 by 16000 pixels.*100 million/],
  ['too long a page', { fullPage: true, scale: 4, height: 4_000 }, 'document_failed', /Lower screenshot.scale/],
])('of %s is refused', async (_, screenshot, code, detail) => {
  const html = '<div style="height: 5000px">';
  await expect(shot(screenshot, 'png', html)).rejects.toMatchObject({ code, detail: expect.stringMatching(detail) });
});
