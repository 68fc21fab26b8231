import { deflateSync } from 'node:zlib';
import { PDFDocument, PDFName, PDFRawStream } from '@cantoo/pdf-lib';
import { CompressPdf } from '@tandem/contracts/pdf-files';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CompressPdfHandler } from './compress-pdf.js';
import { makePdf, PdfBench, textsOf } from './pdf-files.fixture.js';

let bench: PdfBench;
beforeAll(async () => {
  bench = await PdfBench.open();
});
afterAll(() => bench.close());

async function compressed(file: Buffer, options: object = {}) {
  const data = { source: { object: '0' }, ...options };
  const { result, error } = await bench.run(CompressPdf, CompressPdfHandler, [file], data);
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`);
  return { ...result, bytes: await bench.read(result.document) };
}

/** As old programs write them: nothing compressed, an object that nobody needs. */
async function wasteful(): Promise<Buffer> {
  const pdf = await PDFDocument.load(await makePdf('waste', 20));
  pdf.context.register(pdf.context.obj(Array.from({ length: 500 }, (_, index) => index)));
  return Buffer.from(await pdf.save({ useObjectStreams: false }));
}

/** A page with a picture without loss, of soft colours that JPEG has a tenth of the bytes for. */
async function picture(): Promise<Buffer> {
  const pdf = await PDFDocument.load(await makePdf('picture', 1));
  const side = 300;
  const wave = (x: number, y: number, k: number) =>
    128 + 60 * Math.sin(x / (20 + k)) * Math.cos(y / 31) + ((x * y) % 5);
  const pixels = Uint8Array.from({ length: side * side * 3 }, (_, at) =>
    wave(Math.floor(at / 3) % side, Math.floor(at / 3 / side), at % 3),
  );
  const shape = { Type: 'XObject', Subtype: 'Image', Width: side, Height: side, BitsPerComponent: 8 };
  const dict = pdf.context.obj({ ...shape, ColorSpace: 'DeviceRGB', Filter: 'FlateDecode' });
  const image = pdf.context.register(PDFRawStream.of(dict, deflateSync(pixels)));
  pdf.getPage(0).node.setXObject(PDFName.of('Picture'), image);
  return Buffer.from(await pdf.save());
}

describe('compressing', () => {
  test('makes a wasteful file smaller, with the same pages, and says by how much', async () => {
    const file = await wasteful();
    const { bytes, document, saved } = await compressed(file);
    expect(saved.bytes).toBe(file.length - bytes.length);
    expect(saved.percent).toBeCloseTo((100 * saved.bytes) / file.length, 1);
    expect(saved.percent).toBeGreaterThan(40);
    expect(document.pages).toBe(20);
    expect(await textsOf(bytes)).toEqual(await textsOf(file));
  });

  test('gives the original back when nothing can be saved', async () => {
    const { bytes: best } = await compressed(await wasteful());
    const { bytes, saved, linearized } = await compressed(best, { linearize: true });
    expect(saved).toEqual({ bytes: 0, percent: 0 });
    expect(bytes.equals(best)).toBe(true);
    expect(linearized).toBe(false);
  });

  test('makes JPEG of pictures when that is asked for', async () => {
    const file = await picture();
    const without = await compressed(file);
    const withImages = await compressed(file, { images: true });
    expect(withImages.bytes.length).toBeLessThan(without.bytes.length / 2);
    expect(withImages.bytes.toString('latin1')).toContain('/DCTDecode');
  });

  test('keeps the predictors of pictures, without which they would be larger', async () => {
    const side = 400;
    const soft = Uint8Array.from({ length: side * side }, (_, at) => 128 + 90 * Math.sin(at / 97) + ((at * at) % 5));
    const png = await sharp(soft, { raw: { width: side, height: side, channels: 1 } })
      .toColourspace('b-w')
      .png({ adaptiveFiltering: true })
      .toBuffer();
    const start = png.indexOf('IDAT') + 4;
    const pdf = await PDFDocument.load(await wasteful());
    const shape = { Type: 'XObject', Subtype: 'Image', Width: side, Height: side, BitsPerComponent: 8 };
    const coding = { ColorSpace: 'DeviceGray', Filter: 'FlateDecode', DecodeParms: { Predictor: 15, Columns: side } };
    const data = png.subarray(start, start + png.readUInt32BE(start - 8));
    const image = pdf.context.register(PDFRawStream.of(pdf.context.obj({ ...shape, ...coding }), data));
    pdf.getPage(0).node.setXObject(PDFName.of('Picture'), image);
    const { bytes, saved } = await compressed(Buffer.from(await pdf.save({ useObjectStreams: false })));
    expect(saved.bytes).toBeGreaterThan(1_000);
    expect(bytes.toString('latin1')).toMatch(/Predictor 15/);
  });

  test('linearizes when that is asked for', async () => {
    const { bytes, linearized } = await compressed(await wasteful(), { linearize: true });
    expect(linearized).toBe(true);
    expect(bytes.subarray(0, 200).toString('latin1')).toContain('/Linearized');
  });
});
