import { LoadOptions } from '@tandem/contracts/page-options';
import type { EgressPolicy } from '@tandem/egress/policy';
import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { TextItem } from 'pdfjs-dist/types/src/display/api.js';
import { findChromium } from '../browsers/find-chromium.js';
import { PagePool, type PagePoolOptions } from '../browsers/page-pool.js';
import { DocumentRenderer, type Rendered, type RenderLimits, type RenderRequest } from './document-renderer.js';
import type { Asset } from './page-content.js';

/** A renderer with a browser of its own. */
export interface TestRenderer extends AsyncDisposable {
  readonly renderer: DocumentRenderer;
  render(request: TestRequest): Promise<Rendered>;
}
export interface TestRequest extends Partial<Omit<RenderRequest, 'content' | 'load'>> {
  html?: string;
  url?: string;
  assets?: Record<string, Asset>;
  load?: Partial<LoadOptions>;
}

export async function startRenderer(
  policy: EgressPolicy = {},
  limits?: RenderLimits,
  more: Partial<PagePoolOptions> = {},
): Promise<TestRenderer> {
  const chromium = findChromium(process.env.CHROMIUM_BIN);
  if (!chromium) throw new Error('These tests need a Chromium: install chromium-headless-shell, or set CHROMIUM_BIN.');
  const pool = await PagePool.start({ chromium, policies: () => policy, ...more });
  const renderer = new DocumentRenderer(pool, limits);
  return {
    renderer,
    render: ({ html = '', url, assets = {}, load, ...request }) =>
      renderer.render({
        tenant: 'acme',
        format: 'pdf',
        signal: new AbortController().signal,
        content: url === undefined ? { html, assets: new Map(Object.entries(assets)) } : { url },
        load: load && LoadOptions.parse(load),
        ...request,
      }),
    [Symbol.asyncDispose]: () => pool.stop(),
  };
}

/** What is in a PDF, read by a library that did not write it. Sizes in points. */
export interface ReadPdf {
  pages: { width: number; height: number; text: string; items: TextItem[] }[];
  text: string;
  title: string | undefined;
  outline: string[];
  tagged: boolean;
}

export async function readPdf(pdf: Buffer): Promise<ReadPdf> {
  const task = getDocument({ data: new Uint8Array(pdf), verbosity: 0 });
  const document = await task.promise;
  const pages: ReadPdf['pages'] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const page = await document.getPage(number);
    const [left = 0, bottom = 0, right = 0, top = 0] = page.view;
    const items = (await page.getTextContent()).items.filter((item): item is TextItem => 'str' in item);
    const text = items.map(({ str, hasEOL }) => str + (hasEOL ? '\n' : '')).join('');
    pages.push({ width: right - left, height: top - bottom, text, items });
  }
  const { info } = await document.getMetadata();
  const outline = ((await document.getOutline()) ?? []).map(({ title }) => title);
  const tagged = ((await (await document.getPage(1)).getStructTree())?.children.length ?? 0) > 0;
  await task.destroy();
  return {
    pages,
    text: pages.map(({ text }) => text).join('\n'),
    title: (info as { Title?: string }).Title,
    outline,
    tagged,
  };
}

/** Millimetres in points. */
export const mm = (millimetres: number) => (millimetres * 72) / 25.4;
