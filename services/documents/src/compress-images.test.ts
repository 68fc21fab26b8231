import { deflateSync } from 'node:zlib';
import { PDFDocument, PDFName, PDFRawStream, PDFRef, PDFString } from '@cantoo/pdf-lib';
import { CompressPdf, ProtectPdf } from '@tandem/contracts/pdf-files';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CompressPdfHandler } from './compress-pdf.js';
import { pixelsOf } from './pdf/pages.fixture.js';
import { PdfBench, textsOf } from './pdf-files.fixture.js';
import { ProtectPdfHandler } from './protect-pdf.js';

let bench: PdfBench;
let photo: Buffer;
const name = PDFName.of;

beforeAll(async () => {
  bench = await PdfBench.open();
  photo = await sharp(noisy(600, 400), { raw: { width: 600, height: 400, channels: 3 } })
    .jpeg()
    .toBuffer();
});
afterAll(() => bench.close());

/** Left red, right blue, with as much noise as a photo has. */
function noisy(width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let at = 0, seed = 1; at < pixels.length; at++) {
    seed = (seed * 48_271) % 2_147_483_647;
    const left = Math.floor(at / 3) % width < width / 2;
    pixels[at] = (at % 3 === (left ? 0 : 2) ? 200 : 30) + (seed % 24);
  }
  return pixels;
}

async function compressed(file: Uint8Array, options: object = {}, source: object = {}) {
  const data = { source: { object: '0', ...source }, ...options };
  const { result, error, cause } = await bench.run(CompressPdf, CompressPdfHandler, [file], data);
  if (!result) throw new Error(`it failed: ${error?.code}: ${error?.detail}`, { cause });
  return { ...result, bytes: await bench.read(result.document) };
}

type Entries = Record<string, string | number | number[] | PDFRef>;

/** An image, coded by Flate unless it says otherwise. */
function imageOf(pdf: PDFDocument, width: number, height: number, data: Uint8Array, entries: Entries = {}): PDFRef {
  const coded = 'Filter' in entries ? data : deflateSync(data);
  const shape = { Type: 'XObject', Subtype: 'Image', Width: width, Height: height, BitsPerComponent: 8 };
  const dict = pdf.context.obj({ ...shape, ColorSpace: 'DeviceRGB', Filter: 'FlateDecode', ...entries });
  return pdf.context.register(PDFRawStream.of(dict, coded));
}

/** The data of a PNG, in one piece. */
function dataOf(png: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  return Buffer.concat(parts);
}

/** A page of 300 by 200 points that shows an image in 144 by 96 points. */
async function pageWith(
  image: (pdf: PDFDocument) => PDFRef,
  content = 'q 144 0 0 96 50 40 cm /I Do Q',
): Promise<Buffer> {
  const pdf = await PDFDocument.create();
  const page = pdf.addPage([300, 200]);
  page.drawText('beside it', { x: 10, y: 10 });
  page.node.setXObject(name('I'), image(pdf));
  page.node.addContentStream(pdf.context.register(pdf.context.flateStream(content)));
  return Buffer.from(await pdf.save());
}

/** The images of a document, and their masks. */
async function imagesOf(bytes: Uint8Array) {
  const pdf = await PDFDocument.load(bytes);
  const streams = pdf.context.enumerateIndirectObjects().map(([, object]) => object);
  return streams
    .filter((object): object is PDFRawStream => object instanceof PDFRawStream)
    .filter(({ dict }) => dict.get(name('Subtype')) === name('Image'))
    .map(({ dict }) => {
      const [width, height, filter, space] = ['Width', 'Height', 'Filter', 'ColorSpace'].map((key) =>
        String(dict.lookup(name(key))),
      );
      return { size: `${width}x${height}`, filter, space, masked: dict.has(name('SMask')) };
    });
}

const jpegPage = (content?: string) =>
  pageWith((pdf) => imageOf(pdf, 600, 400, photo, { Filter: 'DCTDecode' }), content);

describe('images with more pixels than imageDpi', () => {
  test('get so many where they are JPEG, and look the same', async () => {
    const file = await jpegPage();
    const { bytes, saved, resampled } = await compressed(file, { imageDpi: 100 });
    expect(await imagesOf(bytes)).toMatchObject([{ size: '200x134', filter: '/DCTDecode' }]);
    expect([resampled, saved.percent > 70]).toEqual([1, true]);
    const page = await pixelsOf(bytes);
    const [left, right] = [page.at(70, 100), page.at(170, 100)];
    expect(left[0]! > 180 && left[2]! < 70 && right[2]! > 180 && right[0]! < 70).toBe(true);
    expect(await textsOf(bytes)).toEqual(['beside it']);
  });

  test('stay without loss where they are so', async () => {
    const file = await pageWith((pdf) => imageOf(pdf, 600, 400, noisy(600, 400)));
    const { bytes } = await compressed(file, { imageDpi: 100 });
    expect(await imagesOf(bytes)).toMatchObject([{ size: '200x134', filter: '/FlateDecode', space: '/DeviceRGB' }]);
    const both = await compressed(file, { imageDpi: 100, images: true });
    expect(await imagesOf(both.bytes)).toMatchObject([{ size: '200x134', filter: '/DCTDecode' }]);
  });

  test.each(['FlateDecode', 'DCTDecode'])('keep their transparency, which gets as many pixels (%s)', async (Filter) => {
    const alpha = Uint8Array.from({ length: 600 * 400 }, (_, at) => (at % 600 < 300 ? 0 : 200 + ((at * at) % 7)));
    const raw = sharp(alpha, { raw: { width: 600, height: 400, channels: 1 } });
    const coded = Filter === 'DCTDecode' ? await raw.toColourspace('b-w').jpeg().toBuffer() : deflateSync(alpha);
    const file = await pageWith((pdf) => {
      const mask = imageOf(pdf, 600, 400, coded, { ColorSpace: 'DeviceGray', Filter });
      return imageOf(pdf, 600, 400, photo, { Filter: 'DCTDecode', SMask: mask });
    });
    const { bytes, resampled } = await compressed(file, { imageDpi: 100 });
    expect((await imagesOf(bytes)).map(({ size, masked }) => [size, masked]).sort()).toEqual([
      ['200x134', false],
      ['200x134', true],
    ]);
    expect(resampled).toBe(2);
    const page = await pixelsOf(bytes);
    expect(page.at(70, 100)).toEqual([255, 255, 255]);
    expect(page.at(170, 100)[0]).toBeLessThan(120);
  });

  test('of few colours in a table are shown in the same ones', async () => {
    const places = noisy(300, 400)
      .subarray(0, 300 * 400)
      .map((value) => (value % 2 ? 0x10 : 0x01));
    const table = Buffer.from([255, 0, 0, 0, 0, 255]).toString('latin1');
    const file = await pageWith((pdf) => {
      const space = pdf.context.obj(
        ['Indexed', 'DeviceRGB', 1].map((one) => (typeof one === 'string' ? name(one) : one)),
      );
      (space as unknown as { push(object: PDFString): void }).push(PDFString.of(table));
      return imageOf(pdf, 600, 400, places, { BitsPerComponent: 4, ColorSpace: pdf.context.register(space) });
    });
    const { bytes } = await compressed(file, { imageDpi: 50 });
    const [image] = await imagesOf(bytes);
    const [red, green, blue] = (await pixelsOf(bytes)).at(120, 100);
    expect(image).toMatchObject({ size: '100x67', space: '/DeviceRGB' });
    expect([red! > 90 && red! < 165, green, blue! > 90 && blue! < 165]).toEqual([true, 0, true]);
  });

  test('are measured where they are shown largest, turned and in forms too', async () => {
    const large = 'q 0 216 -144 0 250 -20 cm /I Do Q q 14 0 0 9 50 40 cm /I Do Q';
    const { bytes } = await compressed(await jpegPage(large), { imageDpi: 100 });
    expect(await imagesOf(bytes)).toMatchObject([{ size: '300x200' }]);
    const pdf = await PDFDocument.create();
    const form = pdf.context.flateStream('/I Do', {
      Subtype: 'Form',
      BBox: [0, 0, 1, 1],
      Matrix: [2, 0, 0, 2, 0, 0],
      Resources: { XObject: { I: imageOf(pdf, 600, 400, photo, { Filter: 'DCTDecode' }) } },
    });
    const page = pdf.addPage([300, 200]);
    page.node.setXObject(name('F'), pdf.context.register(form));
    page.node.addContentStream(pdf.context.register(pdf.context.flateStream('q 72 0 0 48 0 0 cm /F Do Q')));
    const inForm = await compressed(await pdf.save(), { imageDpi: 100 });
    expect(await imagesOf(inForm.bytes)).toMatchObject([{ size: '200x134' }]);
  });

  test('are read with PNG predictors, which make them smaller than without', async () => {
    const png = await sharp(noisy(600, 400), { raw: { width: 600, height: 400, channels: 3 } })
      .png()
      .toBuffer();
    const data = await PDFDocument.create();
    const embedded = await data.embedPng(png);
    const page = data.addPage([300, 200]);
    page.drawImage(embedded, { x: 50, y: 40, width: 144, height: 96 });
    const predicted = await pageWith((pdf) => {
      const parameters = pdf.context.register(pdf.context.obj({ Predictor: 15, Colors: 3, Columns: 600 }));
      return imageOf(pdf, 600, 400, dataOf(png), { Filter: 'FlateDecode', DecodeParms: parameters });
    });
    const { bytes } = await compressed(predicted, { imageDpi: 100 });
    expect(await imagesOf(bytes)).toMatchObject([{ size: '200x134', filter: '/FlateDecode' }]);
    const plain = await compressed(await data.save(), { imageDpi: 100 });
    const [one, other] = [await pixelsOf(bytes), await pixelsOf(plain.bytes)];
    expect([70, 120, 170].map((x) => one.at(x, 100))).toEqual([70, 120, 170].map((x) => other.at(x, 100)));
  });

  test('keep the encryption and the password of their document', async () => {
    const locked = await bench.run(ProtectPdf, ProtectPdfHandler, [await jpegPage()], {
      source: { object: '0' },
      userPassword: 'correct-horse',
    });
    const secret = await bench.read(locked.result!.document);
    const { bytes, resampled } = await compressed(secret, { imageDpi: 100 }, { password: 'correct-horse' });
    expect([resampled, await textsOf(bytes, 'correct-horse')]).toEqual([1, ['beside it']]);
    await expect(textsOf(bytes)).rejects.toThrow();
  });
});

describe('images are left as they are', () => {
  test.each<[string, () => Promise<Buffer>]>([
    ['when they have no more pixels', () => jpegPage('q 300 0 0 200 0 0 cm /I Do Q')],
    [
      'when they tell by their colours what is transparent',
      () => pageWith((pdf) => imageOf(pdf, 600, 400, noisy(600, 400), { Mask: [0, 40, 0, 40, 0, 40] })),
    ],
    [
      'when they are CMYK',
      () => pageWith((pdf) => imageOf(pdf, 450, 400, noisy(600, 400), { ColorSpace: 'DeviceCMYK' })),
    ],
    ['when their data end before they should', () => pageWith((pdf) => imageOf(pdf, 600, 400, noisy(600, 90)))],
    [
      'when a pattern shows them as well, whose size is not known',
      () =>
        pageWith((pdf) => {
          const image = imageOf(pdf, 600, 400, photo, { Filter: 'DCTDecode' });
          const tile = { PatternType: 1, PaintType: 1, TilingType: 1, BBox: [0, 0, 300, 200], XStep: 300, YStep: 200 };
          pdf.context.register(pdf.context.flateStream('/I Do', { ...tile, Resources: { XObject: { I: image } } }));
          const page = pdf.getPage(0).node;
          const pattern = pdf.context.enumerateIndirectObjects().at(-1)![0];
          page.Resources()!.set(name('Pattern'), pdf.context.obj({ P: pattern }));
          return image;
        }),
    ],
  ])('%s', async (_when, file) => {
    const { bytes, resampled } = await compressed(await file(), { imageDpi: 150 });
    const sizes = (await imagesOf(bytes)).map(({ size }) => Number(size.split('x')[0]));
    expect([resampled, Math.min(...sizes) >= 450]).toEqual([0, true]);
  });
});
