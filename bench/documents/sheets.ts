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
  template: string;
  /** Of the n-th document: no two have the same number, so that none is stored already. */
  data(nth: number): Record<string, unknown>;
}

/** Lines of an invoice of ten pages, and sections of a report of a hundred. */
const INVOICE_LINES = 230;
const REPORT_COPIES = 60;

/** The three documents, made of the samples of the templates. */
export async function readSheets(): Promise<Sheet[]> {
  const bundles = await readTemplateFolder(TEMPLATES);
  const sample = (name: string) => structuredClone(bundles.get(name)!.sample) as Record<string, unknown>;
  const numbered = (data: Record<string, unknown>) => (nth: number) => ({ ...data, number: `B-${nth}` });
  const invoice = sample('invoice');
  const report = sample('report');
  return [
    { key: 'quote', name: 'a quote, one page', template: 'quote', data: numbered(sample('quote')) },
    {
      key: 'invoice',
      name: 'an invoice, ten pages',
      template: 'invoice',
      data: numbered({ ...invoice, lines: repeat(invoice.lines as unknown[], INVOICE_LINES) }),
    },
    {
      key: 'report',
      name: 'a report, 100 pages',
      template: 'report',
      data: (nth) => ({
        ...report,
        reference: `B-${nth}`,
        sections: repeat(report.sections as unknown[], REPORT_COPIES),
      }),
    },
  ];
}

/** The same pages for other systems: one HTML file each with all that it uses in it, and the options of its print. */
export async function writePages(sheets: Sheet[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-pages-'));
  const bundles = await readTemplateFolder(TEMPLATES);
  for (const sheet of sheets) {
    const page = fillTemplate(bundles.get(sheet.template) as TemplateBundle, sheet.data(0), { locale: 'fr' });
    await writeFile(join(folder, `${sheet.key}.html`), inOneFile(page.html, page));
    await writeFile(join(folder, `${sheet.key}.json`), JSON.stringify(printOptions(page)));
  }
  return folder;
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
