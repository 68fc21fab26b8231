import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PdfOptions } from '@tandem/contracts/page-options';
import { readTemplateFolder } from '@tandem/templates/read-template-folder';
import sharp from 'sharp';
import { findChromium } from './browsers/find-chromium.js';
import { PagePool } from './browsers/page-pool.js';
import { evaluate, needs, serve, write } from './browsers/pool.fixture.js';
import { pageImages } from './pdf/page-images.js';
import { pageText } from './pdf/page-text.js';
import { DocumentRenderer } from './render/document-renderer.js';
import { fillTemplate } from './templates/fill-template.js';
import { templatePage } from './templates/template-page.js';

/** Where the shipped templates stand. */
export const SHIPPED = fileURLToPath(new URL('../../../examples/templates/', import.meta.url));

export const SHIPPED_NAMES = ['quote', 'invoice', 'receipt', 'delivery-note', 'report'] as const;

/** Their samples, each with the name of the picture of what it looks like. */
export const SHIPPED_SAMPLES = SHIPPED_NAMES.flatMap((name) => [
  { name, locale: 'fr', sample: 'sample.json', picture: `${name}-fr` },
  { name, locale: 'en-IE', sample: 'sample.en.json', picture: `${name}-en` },
]);

/** A file of a shipped template as JSON. */
export function shippedJson(path: string) {
  return JSON.parse(readFileSync(SHIPPED + path, 'utf8'));
}

/** A document made from a shipped template. */
export interface ShippedDocument {
  pdf: Buffer;
  /** Of each page, with single plain spaces. */
  pages: string[];
  /** All pages as one text. */
  text: string;
  warnings: string[];
}

/** Makes documents from the shipped templates. */
export async function startShippedTemplates() {
  const chromium = findChromium(process.env.CHROMIUM_BIN);
  if (!chromium) throw new Error('These tests need a Chromium: install chromium-headless-shell, or set CHROMIUM_BIN.');
  const bundles = await readTemplateFolder(SHIPPED);
  const pool = await PagePool.start({ chromium: () => chromium, policies: () => ({}), browsers: 1, pages: 1 });
  const renderer = new DocumentRenderer(pool);
  return {
    bundles,
    pool,
    /** Throws what the filler and the renderer throw. */
    async make(template: string, locale: string, data: unknown, pdf?: PdfOptions): Promise<ShippedDocument> {
      const bundle = bundles.get(template)!;
      const content = fillTemplate(bundle, data, { locale, page: templatePage(bundle, pdf) });
      const { data: made, report } = await renderer.render({
        tenant: 'acme',
        content,
        format: 'pdf',
        pdf,
        load: { locale },
        signal: AbortSignal.timeout(110_000),
      });
      const pages: string[] = [];
      for await (const { text } of pageText(made)) pages.push(plain(text));
      const failed = report.failedResources.map(({ url, reason }) => `${url}: ${reason}`);
      return {
        pdf: made,
        pages,
        text: pages.join(' '),
        warnings: [...(content.warnings ?? []), ...report.warnings, ...failed],
      };
    },
    /** Elements that hang out of the text's column, for which Chromium would print all of the page smaller. */
    async overhang(template: string, locale: string, data: unknown, pdf?: PdfOptions): Promise<string[]> {
      const page = templatePage(bundles.get(template)!, pdf);
      const { html } = fillTemplate(bundles.get(template)!, data, { locale, page });
      return pool.use(needs({ drawn: true }), async (lent) => {
        await serve(lent);
        const width = Math.round((page.room.width * 96) / 25.4);
        const size = { width, height: 1_000, deviceScaleFactor: 1, mobile: false };
        await lent.session.send('Emulation.setDeviceMetricsOverride', size);
        await write(lent, html);
        return evaluate<string[]>(lent, OVERHANG);
      });
    },
  };
}

const OVERHANG = `[...document.querySelectorAll('body *')]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 || element.getBoundingClientRect().left < -1)
  .map((element) => element.tagName.toLowerCase() + '.' + element.getAttribute('class'))`;

/** Text as it is compared: one kind of space, one at a time. */
export function plain(text: string): string {
  return text.replace(/[\s\u00a0\u202f]+/g, ' ').trim();
}

/** The first page in grey, 120 pixels across: machines draw the edges of letters differently, and this blurs them. */
export async function smallPicture(pdf: Buffer): Promise<Buffer> {
  for await (const { data } of pageImages(pdf, { pages: [1], width: 600 }))
    return sharp(data).grayscale().resize({ width: 120 }).png({ compressionLevel: 9 }).toBuffer();
  throw new Error('has no page');
}

/** How far two pictures are from each other: the mean difference of their pixels, of 255; 255 where their sizes differ. */
export async function difference(one: Buffer, other: Buffer): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map((picture) => sharp(picture).grayscale().raw().toBuffer({ resolveWithObject: true })),
  );
  if (a!.info.width !== b!.info.width || a!.info.height !== b!.info.height) return 255;
  return a!.data.reduce((sum, value, index) => sum + Math.abs(value - b!.data[index]!), 0) / a!.data.length;
}

/** Texts of the data that a page shows as they are. */
export function textsOf(value: unknown, key = ''): string[] {
  if (
    /^(iban|country|currency|.*Date|date|validUntil|.*[lL]ink|unit|taxCategory|type|tone|format|method|logo)$/.test(key)
  )
    return [];
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => textsOf(inner, Array.isArray(value) ? key : name));
}

/** Without spaces and hyphens, as lines may end anywhere, and in capitals, as some labels are. */
export function squeezed(text: string): string {
  return text.replace(/[\s\u00a0\u202f\u00ad-]+/g, '').toUpperCase();
}

/** A logo that no document has anything of: a red square. */
export const RED = `data:image/svg+xml;base64,${Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="90" height="90" fill="#f00"/></svg>',
).toString('base64')}`;

/** How much redder than green the first page is, of 255 in the mean. */
export async function redness(pdf: Buffer): Promise<number> {
  for await (const { data } of pageImages(pdf, { pages: [1], width: 300 })) {
    const { channels } = await sharp(data).stats();
    return channels[0]!.mean - channels[1]!.mean;
  }
  throw new Error('has no page');
}

/** How often a part stands in a text. */
export function times(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** What numbers are together. */
export function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** The amount that follows a label. */
export function sumAfter(page: string, label: string): number | undefined {
  const found = new RegExp(`(?:^|\\s)${label} ([\\d ]+\\d)`).exec(page)?.[1];
  return found === undefined ? undefined : Number(found.replaceAll(' ', ''));
}
