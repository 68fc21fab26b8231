import { PDFDict, type PDFDocument } from '@cantoo/pdf-lib';
import { inches } from '@tandem/contracts/page-options';
import type { Stamp, StampNumbers } from '@tandem/contracts/pdf-marks';
import { openEditable, readable, savedBytes } from './editable-pdf.js';
import { layerForm, layOnPage, seen } from './lay-on-page.js';
import { MarkFonts, type MarkText } from './mark-text.js';
import { type SeenPage, written } from './page-geometry.js';
import { selectPages } from './page-selection.js';
import { opacityState, rgb } from './paint.js';
import { signatureWarnings } from './signatures.js';

/** Which pages get which stamps. */
export interface StampTask extends StampNumbers {
  data: Uint8Array;
  password?: string;
  stamps: readonly Stamp[];
  pages?: string;
  /** `YYYY-MM-DD` */
  date: string;
}

/** A PDF that was changed. */
export interface ChangedPdf {
  data: Buffer;
  pages: number;
  warnings: string[];
}

/** Writes stamps on pages. The same task gives the same bytes. */
export async function drawStamps({
  data,
  password,
  stamps,
  pages: ranges,
  ...numbers
}: StampTask): Promise<ChangedPdf> {
  const { pdf, pages, warnings } = await openEditable(data, password);
  const selected = [...new Set(selectPages(ranges, pages.length, 'pages'))];
  return readable(async () => {
    const fonts = new MarkFonts(pdf, JSON.stringify([stamps, ranges, numbers]));
    warnings.push(...signatureWarnings(pdf), ...unknownPlaceholders(stamps));
    const fill = filler(numbers, { stamped: selected.length, total: pages.length });
    for (const [index, number] of selected.entries()) {
      const page = pages[number - 1]!;
      const placed = await Promise.all(
        stamps.map(async (stamp, which) => ({
          stamp,
          text: await fonts.layOut(fill(stamp.text, { index, number }), stamp, `stamps.${which}.text`),
        })),
      );
      layOnPage(page, 'over', stampForm(pdf, seen(page), placed), 'Header');
    }
    return { data: await savedBytes(pdf), pages: pages.length, warnings };
  });
}

/** What looks like a slip for one of the placeholders. */
function unknownPlaceholders(stamps: readonly Stamp[]): string[] {
  return stamps.flatMap(({ text }, which) => {
    const unknown = (text.match(/\{[a-z]{1,20}\}/gi) ?? []).filter((name) => !/\{(?:page|pages|date)\}/.test(name));
    const only = 'only {page}, {pages} and {date} are filled in';
    return unknown.length > 0 ? [`stamps.${which}.text: ${unknown.join(' ')} is shown as it is; ${only}.`] : [];
  });
}

/** Fills the placeholders of a text for one page. */
function filler({ firstNumber, date, locale }: Pick<StampTask, 'firstNumber' | 'date' | 'locale'>, counts: Counts) {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
  const pages = firstNumber === undefined ? counts.total : firstNumber + counts.stamped - 1;
  return (text: string, { index, number }: { index: number; number: number }) => {
    const page = firstNumber === undefined ? number : firstNumber + index;
    const values: Record<string, string> = { page: String(page), pages: String(pages), date: day };
    return text.replace(/\{(page|pages|date)\}/g, (_, name: string) => values[name]!);
  };
}

interface Counts {
  stamped: number;
  total: number;
}

function stampForm(pdf: PDFDocument, page: SeenPage, placed: readonly { stamp: Stamp; text: MarkText }[]) {
  const { context } = pdf;
  const fonts = PDFDict.withContext(context);
  const states = PDFDict.withContext(context);
  const content = placed.map(({ stamp, text }, index) => {
    const { x, y, size } = placeStamp(page, stamp, text);
    fonts.set(context.obj(`F${index}`), text.font.ref);
    states.set(context.obj(`G${index}`), opacityState(context, stamp.opacity));
    return `q /G${index} gs ${rgb(stamp.color)} rg BT /F${index} ${written(size)} Tf 1 0 0 1 ${written(x, y)} Tm ${text.show} ET Q`;
  });
  return layerForm(context, page, content.join('\n'), context.obj({ Font: fonts, ExtGState: states }));
}

/** Where the line of a stamp begins, and how large it is: within the margins, which give way on small pages. */
export function placeStamp(
  page: Pick<SeenPage, 'width' | 'height'>,
  { position, margin: length, size: asked }: Pick<Stamp, 'position' | 'margin' | 'size'>,
  { width, ascent, descent }: Pick<MarkText, 'width' | 'ascent' | 'descent'>,
): { x: number; y: number; size: number } {
  const margin = Math.min(inches(length) * 72, page.width / 4, page.height / 4);
  const room = { width: page.width - 2 * margin, height: page.height - 2 * margin };
  const size = Math.min(asked, room.width / width, room.height / (ascent + descent));
  const spare = room.width - width * size;
  const shift = position.endsWith('west') ? 0 : position.endsWith('east') ? spare : spare / 2;
  const y = position.startsWith('south') ? margin + descent * size : page.height - margin - ascent * size;
  return { x: margin + shift, y, size };
}
