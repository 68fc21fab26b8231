import { type PDFContext, type PDFDocument, PDFName, type PDFRef } from '@cantoo/pdf-lib';
import { inches } from '@tandem/contracts/page-options';
import type { Watermark } from '@tandem/contracts/pdf-marks';
import type { ChangedPdf } from './draw-stamps.js';
import { openEditable, readable, savedBytes } from './editable-pdf.js';
import { layerForm, layOnPage, seen } from './lay-on-page.js';
import type { Mark } from './mark.js';
import { imageMark } from './mark-image.js';
import { pageMark } from './mark-page.js';
import { MarkFonts } from './mark-text.js';
import { type SeenPage, written } from './page-geometry.js';
import { selectPages } from './page-selection.js';
import { opacityState, rgb } from './paint.js';
import { placeMarks } from './place-marks.js';
import { signatureWarnings } from './signatures.js';

/** Which pages get which watermark. */
export interface WatermarkTask {
  data: Uint8Array;
  password?: string;
  watermark: Watermark;
  /** The file that the watermark names: an image or a PDF. */
  file?: Uint8Array;
  pages?: string;
}

/** Lays a watermark on pages. The same task gives the same bytes. */
export async function drawWatermark({
  data,
  password,
  watermark,
  file,
  pages: ranges,
}: WatermarkTask): Promise<ChangedPdf> {
  const { pdf, pages, warnings } = await openEditable(data, password);
  const selected = new Set(selectPages(ranges, pages.length, 'pages').map((number) => pages[number - 1]!));
  return readable(async () => {
    warnings.push(...signatureWarnings(pdf));
    const mark = asGroup(pdf.context, await markOf(pdf, watermark, file));
    const layers = new Map<string, PDFRef>();
    for (const page of selected) {
      const look = seen(page);
      const key = JSON.stringify(look);
      const layer = layers.get(key) ?? watermarkLayer(pdf.context, look, mark, watermark);
      layers.set(key, layer);
      layOnPage(page, watermark.layer, layer, 'Watermark');
    }
    return { data: await savedBytes(pdf), pages: pages.length, warnings };
  });
}

async function markOf(pdf: PDFDocument, watermark: Watermark, file: Uint8Array | undefined): Promise<Mark> {
  if (watermark.text !== undefined) return textMark(pdf, watermark.text, watermark);
  if (watermark.image) return imageMark(pdf.context, file!);
  return pageMark(pdf, file!, watermark.pdf?.page ?? 1);
}

async function textMark(pdf: PDFDocument, text: string, watermark: Watermark): Promise<Mark> {
  const fonts = new MarkFonts(pdf, JSON.stringify(watermark));
  const { font, show, width, ascent, descent } = await fonts.layOut(text, watermark, 'watermark.text');
  const size = 100;
  const [w, h] = [width * size, (ascent + descent) * size];
  const content = `${rgb(watermark.color)} rg BT /F ${size} Tf 1 0 0 1 0 ${written(descent * size)} Tm ${show} ET`;
  const form = pdf.context.flateStream(content, {
    Type: 'XObject',
    Subtype: 'Form',
    BBox: [0, 0, w, h],
    Resources: { Font: { F: font.ref } },
  });
  return { ref: pdf.context.register(form), width: w, height: h };
}

/** Makes a mark one thing to be seen through, rather than each of its strokes. */
function asGroup(context: PDFContext, mark: Mark): Mark {
  const stream = context.lookup(mark.ref) as unknown as { dict: { set(key: PDFName, value: unknown): void } };
  stream.dict.set(PDFName.of('Group'), context.obj({ Type: 'Group', S: 'Transparency' }));
  return mark;
}

function watermarkLayer(context: PDFContext, page: SeenPage, mark: Mark, watermark: Watermark): PDFRef {
  const whole = watermark.pdf !== undefined;
  const places = placeMarks(page, mark, {
    rotate: watermark.rotate ?? (watermark.text === undefined ? 0 : -45),
    scale: watermark.scale ?? (watermark.tile ? 0.2 : whole ? 1 : 0.7),
    position: watermark.position ?? 'center',
    margin: watermark.margin === undefined ? (whole ? 0 : 10 / 25.4) * 72 : inches(watermark.margin) * 72,
    tile: watermark.tile,
  });
  const content = places.map((place) => `q ${written(...place)} cm /M Do Q`).join('\n');
  const opacity = opacityState(context, watermark.opacity ?? (whole ? 1 : 0.3));
  const resources = context.obj({ XObject: { M: mark.ref }, ExtGState: { G: opacity } });
  return layerForm(context, page, `/G gs\n${content}`, resources);
}
