import { inches, PAPER_SIZES, type PdfOptions } from '@tandem/contracts/page-options';
import type { TemplateBundle } from '@tandem/contracts/template';

/** The paper that a layout is set on, in millimetres: its variable `page`. */
export interface LayoutPaper {
  width: number;
  height: number;
}

/** Each try ends where the next one begins, or a text full of the words would be read again from each of them. */
const ASKS = /\bpage\.(?:width|height)\b(?:(?!\bpage\.)[^%{}])*\}\}/;

/** Whether a layout asks for the size of the paper, and so follows a request that names one. */
export function asksForPaper({ layout = '', partials }: Pick<TemplateBundle, 'layout' | 'partials'>): boolean {
  return [layout, ...Object.values(partials)].some((text) => ASKS.test(text));
}

/** The size of the paper as it lies; A4 upright where nothing is said. */
export function layoutPaper({ paper = 'a4', landscape }: Pick<PdfOptions, 'paper' | 'landscape'> = {}): LayoutPaper {
  const size = typeof paper === 'string' ? PAPER_SIZES[paper] : [millimetres(paper.width), millimetres(paper.height)];
  const [width, height] = (landscape ? size.toReversed() : size) as [number, number];
  return { width, height };
}

function millimetres(length: string): number {
  return Math.round(inches(length) * 25_400) / 1_000;
}
