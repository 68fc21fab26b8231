import type { PdfOptions } from '@tandem/contracts/page-options';
import { Rejected } from '@tandem/messaging/outcome';
import { prepareBand, warnOfHighBand } from './bands.js';
import { checkLettersAreShown, checkPageIsTold } from './check-accessible.js';
import type { Window } from './emulation.js';
import { fontFamilies } from './font-families.js';
import type { JobPage } from './job-page.js';
import { mayMissLetters, warnOfMissingLetters } from './missing-letters.js';
import type { PageContent } from './page-content.js';
import { CSS_INCH, type PageLayout, pageRule } from './page-layout.js';
import type { PageScripts } from './page-scripts.js';
import { fontNames, pageCount } from './pdf-facts.js';
import { type PreparedBands, printPdf } from './print-pdf.js';
import { settlePage } from './settle-page.js';

/** 14,400 points (ISO 32000-1, annex C.2). */
const LONGEST_INCHES = 200;

/** A PDF, and what is known of it. */
export interface MadePdf {
  data: Buffer;
  pages: number;
  fonts: string[];
}

/** The window that a page is laid out in before it is printed: charts that scripts draw look at it, and so does `singlePage`. */
export function pdfWindow(
  { content, javascript }: JobPage,
  { singlePage }: PdfOptions,
  layout: PageLayout,
): Window | undefined {
  return singlePage || (javascript && 'html' in content) ? { ...layout.content, scale: 1 } : undefined;
}

/** Makes a PDF of a page that is there. */
export async function makePdf(
  job: JobPage,
  scripts: PageScripts,
  pdf: PdfOptions,
  layout: PageLayout,
  maxMegabytes: number,
): Promise<MadePdf> {
  const bands = bandsOf(job, pdf, layout);
  const { header = '', footer = '' } = bands;
  const rules = mayRulePages(job.content);
  const measured = await settlePage(job, scripts, {
    ...((header || footer) && { bands: { header, footer, width: layout.width * CSS_INCH } }),
    contentHeight: pdf.singlePage,
    ...(rules && !pdf.singlePage && { css: pageRule(pdf, layout) }),
  });
  warnOfHighBand('header', measured.header, layout, job.findings);
  warnOfHighBand('footer', measured.footer, layout, job.findings);
  if (pdf.accessible) await checkPageIsTold(job, scripts);
  job.findings.check(job.load);
  const paper = pdf.singlePage ? asLongAs(measured.contentHeight, layout) : layout;
  // How long it is was not known before.
  if (pdf.singlePage && rules) await settlePage(job, scripts, { css: pageRule(pdf, paper) });
  const data = await printPdf(job, pdf, paper, bands, maxMegabytes);
  const pages = pageCount(data);
  if (pdf.singlePage && pages > 1) job.findings.warn('pdf.singlePage: breaks in the CSS make more than one page.');
  if (pdf.accessible) checkLettersAreShown(data);
  else if (!('html' in job.content) || mayMissLetters(job.content.html))
    await warnOfMissingLetters(data, scripts, job.findings);
  return { data, pages, fonts: await fontFamilies(fontNames(data)) };
}

function bandsOf(job: JobPage, pdf: PdfOptions, layout: PageLayout): PreparedBands {
  const { content, load, findings } = job;
  const assets = 'html' in content ? content.assets : new Map();
  const context = { assets, locale: load.locale, timeZone: load.timeZone, findings };
  return {
    header: pdf.header && prepareBand(pdf.header, 'header', layout, context),
    footer: pdf.footer && prepareBand(pdf.footer, 'footer', layout, context),
  };
}

/** Whether there may be an `@page` in the page or its style sheets. */
function mayRulePages(content: PageContent): boolean {
  if (!('html' in content) || content.html.includes('@page')) return true;
  return [...content.assets.values()].some(
    ({ type, bytes }) => type.startsWith('text/css') && Buffer.from(bytes).includes('@page'),
  );
}

/** The paper made as long as its content. */
function asLongAs(contentPx: number, layout: PageLayout): PageLayout {
  const { top, bottom } = layout.margins;
  // One pixel more, or rounding may push the last line onto a second page.
  const height = ((contentPx + 1) * layout.scale) / CSS_INCH + top + bottom;
  if (height > LONGEST_INCHES) {
    const detail = `The content is ${Math.round(height * 2.54) / 100} m long; a single page may have 5 m. Leave out pdf.singlePage.`;
    throw new Rejected('document_failed', detail);
  }
  return { ...layout, height };
}
