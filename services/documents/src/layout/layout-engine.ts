import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { RenderReport } from '@tandem/contracts/documents';
import type { PdfOptions } from '@tandem/contracts/page-options';
import type { TemplateBundle } from '@tandem/contracts/template';
import type { Rendered } from '../render/document-renderer.js';
import { type FillOptions, prepareTemplate } from '../templates/fill-template.js';
import { LayoutFolders } from './layout-folders.js';
import { layoutPaper } from './layout-paper.js';
import { LayoutProcesses } from './layout-processes.js';

const TIMEOUT_S = 30;

/** A template that has a layout. */
export type LaidOutTemplate = TemplateBundle & { layout: string };

/** Whether a template can be made without a browser. */
export function hasLayout(bundle: TemplateBundle): bundle is LaidOutTemplate {
  return bundle.layout !== undefined;
}

/** How a layout is set. */
export interface LayoutOptions extends FillOptions {
  /** Goes before the template's own: paper, where the layout asks for it, and whether the document is to be PDF/UA-1. */
  pdf?: Pick<PdfOptions, 'paper' | 'landscape' | 'accessible'>;
  /** How long it may take, from its turn; 30 by default. */
  timeoutSeconds?: number;
  signal: AbortSignal;
}

/** Makes PDFs from the layouts of templates: without a browser, by Typst, in a few milliseconds. */
@Injectable()
export class LayoutEngine implements OnApplicationShutdown {
  readonly #processes = new LayoutProcesses();
  readonly #folders = new LayoutFolders();
  #available: Promise<boolean> | undefined;

  /** Whether this machine has Typst; where it has not, browsers make everything. What cannot be told now is asked again. */
  isAvailable(): Promise<boolean> {
    this.#available ??= this.#processes.probe().catch(() => {
      this.#available = undefined;
      return false;
    });
    return this.#available;
  }

  /** Throws `Rejected` `document_failed` with what is wrong with the layout, or what it lacks for PDF/UA-1. */
  async render(
    bundle: LaidOutTemplate,
    data: unknown,
    { locale, timeZone, pdf: asked, timeoutSeconds = TIMEOUT_S, signal }: LayoutOptions,
  ): Promise<Rendered> {
    const { layout, partials, locales } = bundle;
    const { key } = prepareTemplate(bundle).task;
    const page = layoutPaper({ ...bundle.pdf, ...asked });
    const accessible = asked?.accessible ?? bundle.pdf.accessible ?? false;
    const task = { texts: { layout, partials, locales }, data, locale, timeZone, page, accessible };
    const { pdf, pages, warnings } = await this.#folders.use(bundle, (folder) =>
      this.#processes.typeset({ ...task, key: `${key} ${folder}`, folder }, { seconds: timeoutSeconds, signal }),
    );
    const report: RenderReport = {
      engine: 'layout',
      pages,
      fonts: fontsOf(pdf),
      failedResources: [],
      consoleErrors: [],
      warnings,
    };
    return { data: Buffer.from(pdf), type: 'application/pdf', report };
  }

  async onApplicationShutdown(): Promise<void> {
    this.#processes.close();
    await this.#folders.close();
  }
}

/** `/BaseFont /QSGION+SourceSans3-SemiBold`: Typst writes its fonts in the open. */
function fontsOf(pdf: Uint8Array): string[] {
  const text = Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength).toString('latin1');
  const names = [...text.matchAll(/\/BaseFont\s*\/(?:[A-Z]{6}\+)?([\w-]+)/g)].map(([, name]) => name!);
  return [...new Set(names.map((name) => name.replace(/-Identity-H$/, '')))].sort();
}
