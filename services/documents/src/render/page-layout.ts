import { inches, type Margins, PAPER_SIZES, type PdfOptions } from '@tandem/contracts/page-options';
import { Rejected } from '@tandem/messaging/outcome';

/** The paper and its margins in inches, as Chromium takes them. */
export interface PageLayout {
  width: number;
  height: number;
  margins: { top: number; right: number; bottom: number; left: number };
  scale: number;
  /** Width and height of what is between the margins, in CSS pixels of the page. */
  content: { width: number; height: number };
}

const MARGIN = '10mm';
/** Where a header or a footer is to stand. */
const BAND_MARGIN = '20mm';
/** CSS pixels. */
export const CSS_INCH = 96;

/** Where things are on the paper. Throws `Rejected` when the margins leave no room. */
export function layoutPage({ paper = 'a4', landscape, margins, scale = 1, header, footer }: PdfOptions): PageLayout {
  const upright =
    typeof paper === 'string' ? PAPER_SIZES[paper].map((mm) => mm / 25.4) : [inches(paper.width), inches(paper.height)];
  const [width, height] = (landscape ? upright.toReversed() : upright) as [number, number];
  const all = typeof margins === 'string' ? margins : undefined;
  const given: Margins = typeof margins === 'object' ? margins : {};
  const side = (name: keyof Margins, otherwise = MARGIN) => inches(given[name] ?? all ?? otherwise);
  const sides = {
    top: side('top', header ? BAND_MARGIN : MARGIN),
    right: side('right'),
    bottom: side('bottom', footer ? BAND_MARGIN : MARGIN),
    left: side('left'),
  };
  const room = { width: width - sides.left - sides.right, height: height - sides.top - sides.bottom };
  if (room.width <= 0 || room.height <= 0) {
    throw new Rejected(
      'invalid_input',
      'pdf.margins leave no room on the paper. Make them smaller, or pdf.paper larger.',
    );
  }
  const content = {
    width: Math.round((room.width * CSS_INCH) / scale),
    height: Math.round((room.height * CSS_INCH) / scale),
  };
  return { width, height, margins: sides, scale, content };
}

/** Whether `@page { size }` decides: who names no paper has no wish against the one that the page names. */
export function followsCssSize({ preferCssPageSize, paper, landscape, singlePage }: PdfOptions): boolean {
  return preferCssPageSize ?? (paper === undefined && landscape === undefined && !singlePage);
}

/**
 * CSS that lets what the options say go before `@page` of the page, which Chromium would mix with it; undefined for none. A single
 * page has no margins but theirs: it is as long as its content between them.
 */
export function pageRule(pdf: PdfOptions, { width, height, margins }: PageLayout): string | undefined {
  const { top, right, bottom, left } = margins;
  const size = followsCssSize(pdf) ? '' : `size: ${width}in ${height}in !important;`;
  const own = pdf.margins === undefined && !pdf.singlePage;
  const margin = own ? '' : `margin: ${top}in ${right}in ${bottom}in ${left}in !important;`;
  return size || margin ? `@page { ${size} ${margin} }` : undefined;
}

/** Throws `Rejected` for ranges that no document has: `0`, `5-2`. Which pages there are is known after printing only. */
export function checkPageRanges(ranges: string): void {
  for (const range of ranges.split(',')) {
    const [from = '', to = ''] = range.includes('-')
      ? range.split('-').map((end) => end.trim())
      : [range.trim(), range.trim()];
    const backwards = from !== '' && to !== '' && Number(from) > Number(to);
    if (!backwards && from !== '0' && to !== '0') continue;
    const reason = backwards ? 'ends before it begins' : 'begins at 0, and pages count from 1';
    throw new Rejected('invalid_input', `pdf.pageRanges: ${range.trim()} ${reason}.`);
  }
}
