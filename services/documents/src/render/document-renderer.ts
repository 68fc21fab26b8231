import type { DocumentFormat, RenderReport } from '@tandem/contracts/documents';
import type { LoadOptions, PdfOptions, ScreenshotOptions } from '@tandem/contracts/page-options';
import type { LentPage, PageNeeds } from '../browsers/lent-page.js';
import type { PagePool } from '../browsers/page-pool.js';
import { PROXY_DOOR_HOST } from './answer-requests.js';
import { Deadline } from './deadline.js';
import { emulate } from './emulation.js';
import { Findings } from './findings.js';
import { JobPage } from './job-page.js';
import { loadPage } from './load-page.js';
import { MainPage } from './main-page.js';
import { makePdf, pdfWindow } from './make-pdf.js';
import type { PageContent } from './page-content.js';
import { checkPageRanges, layoutPage } from './page-layout.js';
import { PageScripts } from './page-scripts.js';
import { settlePage } from './settle-page.js';
import { screenshotWindow, takeScreenshot } from './take-screenshot.js';
import { Traffic } from './traffic.js';
import { waitUntilReady } from './wait-until-ready.js';
import { wholeDocument } from './whole-document.js';

/** What to make of a page. */
export interface RenderRequest {
  tenant: string;
  content: PageContent;
  format: DocumentFormat;
  pdf?: PdfOptions;
  screenshot?: ScreenshotOptions;
  load?: Partial<LoadOptions>;
  signal: AbortSignal;
}

/** A document that was made. */
export interface Rendered {
  data: Buffer;
  type: string;
  report: RenderReport;
}

/** What an operator lets through. */
export interface RenderLimits {
  /** Of a document, in megabytes (1,000,000 bytes). */
  maxMegabytes: number;
}

const TIMEOUT_S = 30;

/** Makes documents from pages. */
export class DocumentRenderer {
  constructor(
    private readonly pool: PagePool,
    private readonly limits: RenderLimits = { maxMegabytes: 100 },
  ) {}

  /** Throws `Rejected` `document_failed` for what the page or its options are to blame for. */
  async render(request: RenderRequest): Promise<Rendered> {
    const { tenant, content, load = {}, signal } = request;
    const ours = 'html' in content;
    const javascript = load.javascript ?? !ours;
    const network = load.network ?? !ours;
    const pdf: PdfOptions = ours ? { ...content.pdf, ...request.pdf } : (request.pdf ?? {});
    if (pdf.pageRanges) checkPageRanges(pdf.pageRanges);
    const page = ours ? { ...content, html: wholeDocument(content.html, load.locale) } : content;
    const deadline = new Deadline(signal);
    let findings: Findings;
    const needs: PageNeeds = {
      tenant,
      javascript,
      network,
      drawn: request.format !== 'pdf',
      onDenied: ({ host }) => host !== PROXY_DOOR_HOST && findings.hostRefused(host),
      signal: deadline.signal,
    };
    try {
      return await this.pool.use(needs, async (lent) => {
        deadline.start(load.timeoutSeconds ?? TIMEOUT_S);
        findings = new Findings(ours ? content.warnings : []);
        using job = new JobPage(lent, page, load, javascript, findings, deadline);
        return await this.#make(job, lent, { ...request, pdf });
      });
    } catch (error) {
      // A page that is destroyed at the deadline fails in many ways; why it was destroyed says more.
      throw deadline.signal.aborted ? deadline.signal.reason : error;
    } finally {
      deadline[Symbol.dispose]();
    }
  }

  async #make(job: JobPage, { grant }: LentPage, request: RenderRequest & { pdf: PdfOptions }): Promise<Rendered> {
    const { format, pdf, screenshot = {} } = request;
    const { findings } = job;
    const layout = layoutPage(pdf);
    const window = format === 'pdf' ? pdfWindow(job, pdf, layout) : screenshotWindow(screenshot);
    const main = new MainPage(job);
    using traffic = grant && new Traffic(job);
    await loadPage(job, main, traffic, emulate(job, format, window));
    const scripts = new PageScripts(job, main);
    await waitUntilReady(job, scripts, traffic);
    if (format === 'pdf') {
      const { data, ...facts } = await makePdf(job, scripts, pdf, layout, this.limits.maxMegabytes);
      findings.check(job.load);
      return { data, type: 'application/pdf', report: { engine: 'browser', ...facts, ...findings.report } };
    }
    await settlePage(job, scripts, {});
    const { data, ...size } = await takeScreenshot(job, scripts, format, screenshot, this.limits.maxMegabytes);
    findings.check(job.load);
    return { data, type: `image/${format}`, report: { engine: 'browser', fonts: [], ...size, ...findings.report } };
  }
}
