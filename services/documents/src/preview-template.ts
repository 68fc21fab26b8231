import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { PreviewTemplate, type RenderReport } from '@tandem/contracts/documents';
import { objectKey } from '@tandem/contracts/object';
import { type QueryContext, QueryServer } from '@tandem/messaging/answer-query';
import type { Connection } from '@tandem/messaging/connection';
import { Rejected } from '@tandem/messaging/outcome';
import { runIsolated } from '@tandem/runtime/isolate';
import type { Stragglers } from '@tandem/runtime/stragglers';
import type { ObjectStore } from '@tandem/storage/object-store';
import type { Logger } from '@tandem/telemetry/logger';
import type { DocumentRenderer } from './render/document-renderer.js';
import type { TemplateFiller } from './templates/template-filler.js';

/** What the answers need from their process. */
export interface PreviewTemplateOptions {
  connection: Connection;
  store: ObjectStore;
  filler: TemplateFiller;
  renderer: DocumentRenderer;
  /** Previews at once. */
  concurrency: number;
  logger: Logger;
  stragglers?: Pick<Stragglers, 'watch'>;
}

const PICTURES = new URL(`./templates/page-picture${extname(import.meta.filename)}`, import.meta.url);
/** Below the query's own time, so that the reason reaches who waits. */
const RENDER_SECONDS = 20;
const PICTURE_MS = 5_000;
const PICTURE_MB = 1_024;

/**
 * Answers `documents.preview`: what a template makes of data, for somebody who waits. A document too large for a message goes to
 * the object store under its content key; it is registered nowhere, so the store's search for orphans takes it away again.
 */
export function answerPreviewTemplate({ store, filler, renderer, ...rest }: PreviewTemplateOptions) {
  return new QueryServer({
    ...rest,
    query: PreviewTemplate,
    handler: (context) => preview(context, filler, renderer),
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
) {
  const content = await filler.fill(template, data, { locale, signal });
  if (format === 'html') {
    const result = { type: 'text/html; charset=utf-8', warnings: content.warnings ?? [] };
    return { result, body: Buffer.from(content.html) };
  }
  const load = { locale, timeoutSeconds: RENDER_SECONDS };
  const { data: pdf, report } = await renderer.render({ tenant, content, format: 'pdf', load, signal });
  const { pages } = report;
  const warnings = [...new Set([...(content.warnings ?? []), ...report.warnings, ...failures(report)])].slice(0, MOST_WARNINGS);
  if (format === 'pdf') return { result: { type: 'application/pdf', pages, warnings }, body: pdf };
  const picture = await pictureOf(pdf, page, signal);
  return { result: { type: 'image/png', pages, warnings }, body: picture };
}

/** A header carries them. */
const MOST_WARNINGS = 20;

function failures({ failedResources }: RenderReport): string[] {
  return failedResources.map(({ url, reason }) => `${url} could not be loaded: ${reason}.`);
}

async function pictureOf(pdf: Buffer, page: number, signal: AbortSignal): Promise<Buffer> {
  const limits = { signal, timeoutMs: PICTURE_MS, memoryMb: PICTURE_MB };
  try {
    return await runIsolated<object, Buffer>(PICTURES, 'pagePicture', { pdf, page }, limits);
  } catch (cause) {
    signal.throwIfAborted();
    // What the other process threw comes as a plain Error.
    const { name, code, detail } = cause as Rejected;
    if (name === 'Rejected') throw new Rejected(code, detail, { cause });
    const advice = 'The page cannot be drawn as PNG in time and memory. Ask for the PDF, or make the page simpler.';
    throw new Rejected('document_failed', advice, { cause });
  }
}
