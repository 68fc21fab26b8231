import { degrees, PDFDocument, PDFName, rgb } from '@cantoo/pdf-lib';
import sharp from 'sharp';
import { pageImages } from './page-images.js';

/** How a page of a test is made. */
export interface TestPage {
  width?: number;
  height?: number;
  crop?: [x: number, y: number, width: number, height: number];
  media?: [number, number, number, number];
  rotate?: number;
  userUnit?: number;
  text?: string;
  /** Whether all of it is painted yellow. */
  painted?: boolean;
}

/** A PDF of such pages. */
export async function pdfOf(...pages: TestPage[]): Promise<Uint8Array> {
  const pdf = await PDFDocument.create({ updateMetadata: false });
  for (const { width = 300, height = 200, crop, media, rotate, userUnit, text, painted } of pages) {
    const page = pdf.addPage([width, height]);
    if (media) page.node.set(PDFName.MediaBox, pdf.context.obj(media));
    if (crop) page.setCropBox(...crop);
    if (rotate !== undefined) page.setRotation(degrees(rotate));
    if (userUnit) page.node.set(PDFName.of('UserUnit'), pdf.context.obj(userUnit));
    if (painted) page.drawRectangle({ x: -2_000, y: -2_000, width: 6_000, height: 6_000, color: rgb(1, 1, 0) });
    if (text) page.drawText(text, { x: 40, y: 90, size: 14 });
  }
  return pdf.save();
}

/** The pixels of a page, one for each point by default. */
export async function pixelsOf(pdf: Uint8Array, page = 1, scale = 1) {
  for await (const { data, width, height } of pageImages(pdf, { pages: [page], scale })) {
    const raw = await sharp(data).removeAlpha().raw().toBuffer();
    const at = (x: number, y: number) => [...raw.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
    return { width, height, at, ink: inkOf(raw, width, height) };
  }
  throw new Error('there is no such page');
}

/** The rectangle of all that is not white. */
function inkOf(raw: Buffer, width: number, height: number) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      if (raw[at]! > 250 && raw[at + 1]! > 250 && raw[at + 2]! > 250) continue;
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
  }
  return { left, top, right, bottom };
}

/** All that a generator yields. */
export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
