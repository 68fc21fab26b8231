import { createHash } from 'node:crypto';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { PreviewTemplate, type RenderReport } from '@tandem/contracts/documents';
import { objectKey } from '@tandem/contracts/object';
import { type QueryContext, QueryServer } from '@tandem/messaging/answer-query';
import type { Connection } from '@tandem/messaging/connection';
import { Rejected } from '@tandem/messaging/outcome';
import type { Stragglers } from '@tandem/runtime/stragglers';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import { chooseLayout } from './layout/choose-layout.js';
import type { LayoutEngine } from './layout/layout-engine.js';
import type { PageWorkshop } from './pdf/page-workshop.js';
import type { DocumentRenderer, Rendered } from './render/document-renderer.js';
import type { TemplateFiller } from './templates/template-filler.js';

/** What the answers need from their process. */
export interface PreviewTemplateOptions {
  connection: Connection;
  store: ObjectStore;
  filler: TemplateFiller;
  renderer: DocumentRenderer;
  layouts: LayoutEngine;
  workshop: PageWorkshop;
  /** Previews at once. */
  concurrency: number;
  logger: Logger;
  stragglers?: Pick<Stragglers, 'watch'>;
}

/** Below the query's own time, so that the reason reaches who waits. */
const RENDER_SECONDS = 20;
/** A header carries them. */
const MOST_WARNINGS = 20;
/** Sharp on a screen: 144 pixels an inch. */
const PICTURE = { scale: 2, maxPixels: 10_000_000, most: 1 };

/**
 * Answers `documents.preview`: what a template makes of data, for somebody who waits. A document too large for a message goes to
 * the object store under its content key; it is registered nowhere, so the store's search for orphans takes it away again.
 */
export function answerPreviewTemplate(options: PreviewTemplateOptions) {
  const { store, filler, renderer, layouts, workshop, ...rest } = options;
  return new QueryServer({
    ...rest,
    query: PreviewTemplate,
    handler: (context) => preview(context, { filler, renderer, layouts, workshop }),
    fetchQuestion: async (key) => buffer(await store.read(key)),
    storeBody: async (body, { tenant }) => {
      const key = objectKey(tenant, createHash('sha256').update(body).digest('hex'));
      await store.write(key, body);
      return key;
    },
  });
}

type Makers = Pick<PreviewTemplateOptions, 'filler' | 'renderer' | 'layouts' | 'workshop'>;
type Wish = QueryContext<typeof PreviewTemplate>;

async function preview(context: Wish, makers: Makers) {
  const { data: wish, signal } = context;
  const { template, data, locale, format, page } = wish;
  if (format === 'html') {
    const { html, warnings = [] } = await makers.filler.fill(template, data, { locale, signal });
    return { result: { type: 'text/html; charset=utf-8', warnings }, body: Buffer.from(html) };
  }
  const { data: pdf, report } = (await withoutBrowser(context, makers)) ?? (await byBrowser(context, makers));
  const { pages } = report;
  const warnings = [...new Set([...report.warnings, ...failures(report)])].slice(0, MOST_WARNINGS);
  if (format === 'pdf') return { result: { type: 'application/pdf', pages, warnings }, body: pdf };
  if (pages !== undefined && page > pages)
    throw new Rejected('invalid_input', `page: there is no page ${page}; the document has ${pages}.`);
  const picture = await pictureOf(pdf, page, makers.workshop, signal);
  return { result: { type: 'image/png', pages, warnings }, body: picture };
}

/** By the layout, as a job that asks for no more makes it. Undefined where a browser has to. */
async function withoutBrowser({ data: wish, signal }: Wish, { layouts }: Makers): Promise<Rendered | undefined> {
  const { template, data, locale, engine } = wish;
  const laidOut = chooseLayout(template, { format: 'pdf', engine });
  if (!laidOut || !(await layouts.isAvailable())) return undefined;
  return layouts.render(laidOut, data, { locale, timeoutSeconds: RENDER_SECONDS, signal });
}

async function byBrowser({ data: wish, signal }: Wish, { filler, renderer }: Makers): Promise<Rendered> {
  const { tenant, template, data, locale } = wish;
  const content = await filler.fill(template, data, { locale, signal });
  const load = { locale, timeoutSeconds: RENDER_SECONDS };
  return renderer.render({ tenant, content, format: 'pdf', load, signal });
}

function failures({ failedResources }: RenderReport): string[] {
  return failedResources.map(({ url, reason }) => `${url} could not be loaded: ${reason}.`);
}

/** One page as PNG, drawn from the PDF, so that headers and breaks are in it. */
async function pictureOf(pdf: Buffer, page: number, pages: PageWorkshop, signal: AbortSignal): Promise<Uint8Array> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tandem-preview-'));
  const path = join(folder.path, 'document.pdf');
  await writeFile(path, pdf, { signal });
  const images: Uint8Array[] = [];
  const onNote = ({ data }: { data: Uint8Array }) => images.push(data);
  await pages.run('images', { path, pages: String(page), ...PICTURE }, { signal, onNote });
  return images[0]!;
}
