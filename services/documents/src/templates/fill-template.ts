import { createHash } from 'node:crypto';
import type { TemplateBundle } from '@tandem/contracts/template';
import type { Asset, WrittenPage } from '../render/page-content.js';
import { type FilledTexts, type FillTask, fillTexts } from './fill-texts.js';
import { type TemplatePage, templatePage } from './template-page.js';

/** How a template is filled. */
export interface FillOptions {
  /** Language of texts, numbers, dates and money; the template's first by default. */
  locale?: string;
  /** Of dates that have a time; UTC by default. */
  timeZone?: string;
  /** What the template sees as `page`: that of its own options by default, and null for an image, which has no pages. */
  page?: TemplatePage | null;
}

/** A template as fills need it, made once for each bundle. */
export interface PreparedTemplate {
  task: Pick<FillTask, 'key' | 'texts'>;
  assets: ReadonlyMap<string, Asset>;
}

const prepared = new WeakMap<TemplateBundle, PreparedTemplate>();

/**
 * The page that a template makes of data, filled in this process: for templates that can be trusted to end, as those of tests and
 * benchmarks. Those of tenants go through `TemplateFiller`. Throws `Rejected` `document_failed` that names the template's line.
 */
export function fillTemplate(bundle: TemplateBundle, data: unknown, options: FillOptions = {}): WrittenPage {
  const template = prepareTemplate(bundle);
  return writtenPage(bundle, template, fillTexts(fillTask(bundle, data, options)));
}

/** Decodes the assets of a bundle and names its texts by their hash. The same object is prepared once. */
export function prepareTemplate(bundle: TemplateBundle): PreparedTemplate {
  const known = prepared.get(bundle);
  if (known) return known;
  const { html, header, footer, css, partials, locales, assets } = bundle;
  const texts = { html, header, footer, css, partials, locales };
  const key = createHash('sha256').update(JSON.stringify(texts)).digest('base64url');
  const decoded = new Map<string, Asset>();
  for (const [path, { type, base64 }] of Object.entries(assets))
    decoded.set(path, { type, bytes: Buffer.from(base64, 'base64') });
  const template = { task: { key, texts }, assets: decoded };
  prepared.set(bundle, template);
  return template;
}

/** What the process that fills is told. */
export function fillTask(bundle: TemplateBundle, data: unknown, options: FillOptions): FillTask {
  const { locale, timeZone, page = templatePage(bundle) } = options;
  return { ...prepareTemplate(bundle).task, data, locale, timeZone, page: page ?? undefined };
}

/** The page of what a template wrote. */
export function writtenPage(
  { pdf }: TemplateBundle,
  { assets }: PreparedTemplate,
  { html, header, footer, warnings }: FilledTexts,
): WrittenPage {
  return { html, assets, pdf: { ...pdf, ...(header && { header }), ...(footer && { footer }) }, warnings };
}
