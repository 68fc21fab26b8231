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
import type { PageWorkshop } from './pdf/page-workshop.js';
import type { DocumentRenderer } from './render/document-renderer.js';
import type { TemplateFiller } from './templates/template-filler.js';

/** What the answers need from their process. */
export interface PreviewTemplateOptions {
  connection: Connection;
  store: ObjectStore;
  filler: TemplateFiller;
  renderer: DocumentRenderer;
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
export function answerPreviewTemplate({ store, filler, renderer, workshop, ...rest }: PreviewTemplateOptions) {
  return new QueryServer({
    ...rest,
    query: PreviewTemplate,
    handler: (context) => preview(context, filler, renderer, workshop),
    fetchQuestion: async (key) => buffer(await store.read(key)),
    storeBody: async (body, { tenant }) => {
      const key = objectKey(tenant, createHash('sha256').update(body).digest('hex'));
      await store.write(key, body);
      return key;
    },
  });
}

async function preview(
  { data: { tenant, template, data, locale, format, page }, signal }: QueryContext<typeof PreviewTemplate>,
  filler: TemplateFiller,
  renderer: DocumentRenderer,
  workshop: PageWorkshop,
) {
  const content = await filler.fill(template, data, { locale, signal });
  if (format === 'html') {
    const result = { type: 'text/html; charset=utf-8', warnings: content.warnings ?? [] };
    return { result, body: Buffer.from(content.html) };
  }
  const load = { locale, timeoutSeconds: RENDER_SECONDS };
  const { data: pdf, report } = await renderer.render({ tenant, content, format: 'pdf', load, signal });
  const { pages } = report;
  const warnings = [...new Set([...(content.warnings ?? []), ...report.warnings, ...failures(report)])].slice(
    0,
    MOST_WARNINGS,
  );
  if (format === 'pdf') return { result: { type: 'application/pdf', pages, warnings }, body: pdf };
  if (pages !== undefined && page > pages)
    throw new Rejected('invalid_input', `page: there is no page ${page}; the document has ${pages}.`);
  const picture = await pictureOf(pdf, page, workshop, signal);
  return { result: { type: 'image/png', pages, warnings }, body: picture };
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
