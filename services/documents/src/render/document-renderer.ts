import type { DocumentFormat, RenderReport } from '@tandem/contracts/documents';
import type { LoadOptions, PdfOptions, ScreenshotOptions } from '@tandem/contracts/page-options';
import type { PagePool } from '../browsers/page-pool.js';
import type { PageContent } from './page-content.js';

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

/** Makes documents from pages. */
export class DocumentRenderer {
  constructor(private readonly pool: PagePool) {}

  /** Throws `Rejected` `document_failed` for what the page or its options are to blame for. */
  async render({ tenant, content, signal }: RenderRequest): Promise<Rendered> {
    return this.pool.use({ tenant, javascript: false, network: false, signal }, async ({ page }) => {
      if (!('html' in content)) throw new Error('URLs cannot be rendered yet');
      await page.setContent(content.html);
      const data = Buffer.from(await page.pdf({ format: 'a4', printBackground: true }));
      const report: RenderReport = {
        engine: 'browser',
        fonts: [],
        failedResources: [],
        consoleErrors: [],
        warnings: [],
      };
      return { data, type: 'application/pdf', report };
    });
  }
}
