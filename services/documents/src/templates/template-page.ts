import type { PdfOptions } from '@tandem/contracts/page-options';
import type { TemplateBundle } from '@tandem/contracts/template';
import { layoutPaper } from '../layout/layout-paper.js';
import { CSS_INCH, layoutPage } from '../render/page-layout.js';

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

/**
 * Options of the request go before the template's, as they do when it is printed; A4 upright where neither names a paper. What
 * `@page` says is not seen. Throws `Rejected` `invalid_input` where margins leave no room.
 */
export function templatePage({ pdf: own, header, footer }: Bundle, asked: PdfOptions = {}): TemplatePage {
  const pdf = { header, footer, ...own, ...asked };
  const { width, height } = layoutPaper(pdf);
  const { content } = layoutPage(pdf);
  const room = { width: millimetres(content.width), height: millimetres(content.height) };
  return pdf.singlePage ? { width, room: { width: room.width } } : { width, height, room };
}

function millimetres(pixels: number): number {
  return Math.round((pixels * 2_540) / CSS_INCH) / 100;
}
