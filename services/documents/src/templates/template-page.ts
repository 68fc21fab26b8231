import type { PdfOptions } from '@tandem/contracts/page-options';
import type { TemplateBundle } from '@tandem/contracts/template';
import { layoutPage } from '../render/page-layout.js';

/** The paper that a template is filled for, in millimetres: its variable `page`. */
export interface TemplatePage {
  /** Of the paper as it lies. */
  width: number;
  /** Absent where one page is as long as its content. */
  height?: number;
  /** What is left between the margins that options name, as the page's own CSS measures it. */
  room: { width: number; height?: number };
}

type Bundle = Pick<TemplateBundle, 'pdf' | 'header' | 'footer'>;

const CSS_INCH = 96;

/**
 * Options of the request go before the template's, as they do when it is printed; A4 upright where neither names a paper. What
 * `@page` says is not seen. Throws `Rejected` `invalid_input` where margins leave no room.
 */
export function templatePage({ pdf: own, header, footer }: Bundle, asked: PdfOptions = {}): TemplatePage {
  const pdf = { header, footer, ...own, ...asked };
  const { width, height, content } = layoutPage(pdf);
  const [room, paper] = [content.height / CSS_INCH, height].map(millimetres);
  return {
    width: millimetres(width),
    room: { width: millimetres(content.width / CSS_INCH), ...(!pdf.singlePage && { height: room }) },
    ...(!pdf.singlePage && { height: paper }),
  };
}

function millimetres(inch: number): number {
  return Math.round(inch * 2_540) / 100;
}
