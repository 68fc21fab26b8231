import sharp, { type Sharp } from 'sharp';
import { allocate, type Pdfium, PdfiumDocument } from './pdfium.js';

export type PageImageFormat = 'png' | 'jpeg' | 'webp' | 'avif';

/** Which pages become images, and how large. */
export interface PageImageOptions {
  /** Pages from 1, in this order; all by default. */
  pages?: readonly number[];
  /** Pixels. With both width and height the image fits inside. */
  width?: number;
  height?: number;
  /** Pixels for each point (1/72 inch) when neither width nor height is given; 1 by default. */
  scale?: number;
  /** png by default */
  format?: PageImageFormat;
  /** Of jpeg, webp and avif. */
  quality?: number;
  /** No white behind the page. */
  transparent?: boolean;
  password?: string;
  /** Most pixels of one image; larger ones are made smaller. 25 million by default. */
  maxPixels?: number;
}

/** A page as an encoded image. */
export interface PageImage {
  page: number;
  data: Buffer;
  width: number;
  height: number;
}

/** `FPDF_ANNOT` and `FPDF_REVERSE_BYTE_ORDER` (RGBA) of fpdfview.h. */
const FLAGS = 0x01 | 0x10;
/** `FPDFBitmap_BGRA` */
const BGRA = 4;
const MAX_PIXELS = 25_000_000;
/** Longest side: what every encoder takes (WebP ends at 16,383). */
const MAX_SIDE = 16_383;

/**
 * Pages of a PDF as images, as a viewer shows them, one after the other. Throws `Rejected` (document_unreadable,
 * password_required). It works in this process: what strangers send goes through `PageProcesses`.
 */
export async function* pageImages(pdf: Uint8Array, options: PageImageOptions = {}): AsyncGenerator<PageImage> {
  const document = await PdfiumDocument.open(pdf, options.password);
  const count = document.pageCount;
  for (const page of options.pages ?? Array.from({ length: count }, (_, index) => index + 1)) {
    const { pixels, width, height } = document.page(page, (handle) => draw(document.pdfium, handle, options));
    const image = sharp(pixels, { raw: { width, height, channels: 4 } });
    const data = await encode(options.transparent ? image : image.removeAlpha(), options).toBuffer();
    yield { page, data, width, height };
  }
}

function draw(pdfium: Pdfium, page: number, options: PageImageOptions) {
  const points = { width: pdfium._FPDF_GetPageWidthF(page), height: pdfium._FPDF_GetPageHeightF(page) };
  const { width, height } = imageSize(points, options);
  const bytes = width * height * 4;
  const memory = allocate(pdfium, bytes);
  const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, BGRA, memory, width * 4);
  pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, options.transparent ? 0 : 0xffffffff);
  pdfium._FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, FLAGS);
  const pixels = Buffer.from(pdfium.HEAPU8.subarray(memory, memory + bytes));
  pdfium._FPDFBitmap_Destroy(bitmap);
  pdfium.wasmExports.free(memory);
  return { pixels, width, height };
}

/** Whole pixels within the limits, in the shape of the page as far as one pixel allows. */
export function imageSize(
  points: { width: number; height: number },
  { width, height, scale = 1, maxPixels = MAX_PIXELS }: PageImageOptions,
): { width: number; height: number } {
  const wide = Math.max(points.width, 1e-3);
  const high = Math.max(points.height, 1e-3);
  const asked = width || height ? Math.min((width ?? Infinity) / wide, (height ?? Infinity) / high) : scale;
  const factor = Math.min(asked, MAX_SIDE / wide, MAX_SIDE / high, Math.sqrt(maxPixels / wide / high));
  // Down where a limit decides, so that it holds.
  const round = factor < asked ? Math.floor : Math.round;
  return { width: Math.max(round(wide * factor), 1), height: Math.max(round(high * factor), 1) };
}

function encode(image: Sharp, { format = 'png', quality }: PageImageOptions): Sharp {
  switch (format) {
    case 'png':
      return image.png();
    case 'jpeg':
      return image.jpeg({ quality: quality ?? 85 });
    case 'webp':
      return image.webp({ quality: quality ?? 85 });
    case 'avif':
      return image.avif({ quality: quality ?? 60, effort: 2 });
  }
}
