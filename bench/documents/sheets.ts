import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TemplateBundle } from '@tandem/contracts/template';
import type { WrittenPage } from '@tandem/documents/render/page-content';
import { fillTemplate } from '@tandem/documents/templates/fill-template';
import { readTemplateFolder } from '@tandem/templates/read-template-folder';

export const TEMPLATES = join(import.meta.dirname, '..', '..', 'examples', 'templates');

/** A document of the benchmark: a template that is shipped, and its data. */
export interface Sheet {
  key: string;
  name: string;
  /** What the n-th job asks for: each has a number, a customer and amounts of its own. */
  input(nth: number): object;
}

/** A sheet that is made from a template. */
interface TemplateSheet extends Sheet {
  template: string;
  data(nth: number): Record<string, unknown>;
}

/** Lines of a quote of one page and of an invoice of ten; a report of a hundred has so many sections, each as long as two of the sample. */
const QUOTE_LINES = 4;
const INVOICE_LINES = 148;
const REPORT_SECTIONS = 100;

/** The three documents, made of the samples of the templates. */
export async function readSheets(): Promise<TemplateSheet[]> {
  const bundles = await readTemplateFolder(TEMPLATES);
  const sample = (name: string) => structuredClone(bundles.get(name)!.sample) as Record<string, unknown>;
  const sheet = (
    template: string,
    name: string,
    data: Record<string, unknown>,
    own: (nth: number) => object,
  ): TemplateSheet => {
    const nthData = (nth: number) => ({ ...data, ...own(nth) });
    const input = (nth: number) => ({ source: { template }, data: nthData(nth) });
    return { key: template, name, template, data: nthData, input };
  };
  const quote = sample('quote');
  const invoice = sample('invoice');
  const report = sample('report');
  const lines = repeat(invoice.lines as Line[], INVOICE_LINES);
  const sections = repeat(report.sections as Section[], REPORT_SECTIONS).map((section) => ({
    ...section,
    blocks: [...section.blocks, ...section.blocks],
  }));
  return [
    sheet('quote', 'a quote, one page', quote, sale(quote.buyer, (quote.lines as Line[]).slice(0, QUOTE_LINES))),
    sheet('invoice', 'an invoice, ten pages', invoice, sale(invoice.buyer, lines)),
    sheet('report', 'a report, 100 pages', report, (nth) => ({
      reference: `B-${nth}`,
      sections: sections.map((section, at) => ({ ...section, title: `${section.title} ${nth}.${at + 1}` })),
    })),
  ];
}

/** The same pages for other systems: one HTML file each with all that it uses in it, and the options of its print. */
export async function writePages(sheets: TemplateSheet[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-pages-'));
  const bundles = await readTemplateFolder(TEMPLATES);
  for (const sheet of sheets) {
    const page = fillTemplate(bundles.get(sheet.template) as TemplateBundle, sheet.data(0), { locale: 'fr' });
    await writeFile(join(folder, `${sheet.key}.html`), inOneFile(page.html, page));
    await writeFile(join(folder, `${sheet.key}.json`), JSON.stringify(printOptions(page)));
  }
  return folder;
}

interface Line {
  reference?: string;
  quantity: string | number;
}
interface Section {
  title: string;
  blocks: unknown[];
}

/** What differs from one sale to the next. */
function sale(buyer: unknown, lines: Line[]): (nth: number) => object {
  return (nth) => ({
    number: `B-${nth}`,
    buyer: { ...(buyer as object), name: `Client ${nth}` },
    lines: lines.map((line, at) => ({
      ...line,
      reference: `R-${nth}-${at + 1}`,
      quantity: 1 + ((nth + at) % 9),
    })),
  });
}

function printOptions(page: WrittenPage): object {
  const { paper = 'a4', landscape, margins = '10mm', header, footer, preferCssPageSize } = page.pdf ?? {};
  const margin =
    typeof margins === 'string' ? { top: margins, right: margins, bottom: margins, left: margins } : margins;
  return {
    ...(typeof paper === 'string' ? { format: paper } : paper),
    landscape,
    margin,
    preferCSSPageSize: preferCssPageSize,
    displayHeaderFooter: Boolean(header || footer),
    headerTemplate: inOneFile(header ?? '<span></span>', page),
    footerTemplate: inOneFile(footer ?? '<span></span>', page),
  };
}

/** With style sheets in the text, and images and fonts as data: URIs. */
function inOneFile(html: string, { assets }: WrittenPage): string {
  const withAssets = (text: string) =>
    [...assets].reduce(
      (whole, [path, { type, bytes }]) =>
        type.startsWith('text/css')
          ? whole
          : whole.replaceAll(path, `data:${type};base64,${Buffer.from(bytes).toString('base64')}`),
      text,
    );
  const styled = html.replace(/<link\b[^>]*\bhref="([^"]+)"[^>]*>/g, (link, path) => {
    const sheet = assets.get(path);
    return sheet?.type.startsWith('text/css') ? `<style>${Buffer.from(sheet.bytes).toString()}</style>` : link;
  });
  return withAssets(styled);
}

function repeat<T>(items: T[], count: number): T[] {
  return Array.from({ length: count }, (_, n) => items[n % items.length]!);
}
