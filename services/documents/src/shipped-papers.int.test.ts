import { PDFDocument } from '@cantoo/pdf-lib';
import type { PdfOptions } from '@tandem/contracts/page-options';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeTotals } from './invoice/compute-totals.js';
import {
  SHIPPED_NAMES,
  type ShippedDocument,
  shippedJson,
  squeezed,
  startShippedTemplates,
  sum,
  sumAfter,
  textsOf,
  times,
} from './shipped-templates.fixture.js';

const PAPERS: { on: string; pdf: PdfOptions; size: [number, number] }[] = [
  { on: 'letter', pdf: { paper: 'letter', landscape: false }, size: [215.9, 279.4] },
  { on: 'legal', pdf: { paper: 'legal', landscape: false }, size: [215.9, 355.6] },
  { on: 'A5', pdf: { paper: 'a5', landscape: false }, size: [148, 210] },
  { on: 'A5 across', pdf: { paper: 'a5', landscape: true }, size: [210, 148] },
  { on: 'A4 across', pdf: { paper: 'a4', landscape: true }, size: [297, 210] },
  { on: 'a square', pdf: { paper: { width: '190mm', height: '19cm' }, landscape: false }, size: [190, 190] },
];
const OTHERS: { on: string; pdf: PdfOptions }[] = [
  { on: 'A4 with wide margins', pdf: { margins: '35mm' } },
  { on: 'A4 with narrow sides', pdf: { margins: { top: '10mm', right: '8mm', bottom: '20mm', left: '8mm' } } },
  { on: 'letter, smaller', pdf: { paper: 'letter', scale: 0.8 } },
  { on: 'A4, larger', pdf: { scale: 1.25 } },
];

let templates: Awaited<ReturnType<typeof startShippedTemplates>>;
beforeAll(async () => {
  templates = await startShippedTemplates();
});
afterAll(() => templates.pool.stop());

describe.each(PAPERS)('on $on', ({ pdf, size }) => {
  it.each(SHIPPED_NAMES)('%s has that size and all that its sample says, within its margins', async (name) => {
    const data = shippedJson(`${name}/sample.json`);
    const made = await templates.make(name, 'fr', data, pdf);
    expect(textsOf(data).filter((said) => !squeezed(made.text).includes(squeezed(said)))).toEqual([]);
    expect(made.warnings).toEqual([]);
    expect(await templates.overhang(name, 'fr', data, pdf)).toEqual([]);
    for (const page of await sizesOf(made)) expect(page).toEqual(size.map((mm) => expect.closeTo(mm, 0)));
    for (const page of made.pages) expect(page.length).toBeGreaterThan(150);
  });
});

/** Lines of many kinds, and what is above and below them. */
const INVOICES: { of: string; change: (invoice: ReturnType<typeof shippedJson>, line: number) => object }[] = [
  { of: 'short lines', change: (_, line) => ({ ...ORDINARY, description: `Article n° ${line} de la liste` }) },
  {
    of: 'the lines of the sample',
    change: ({ lines }, line) => {
      const own = lines[line % lines.length];
      return { ...own, description: `${own.description}, Article n° ${line} de la liste` };
    },
  },
  {
    of: 'long lines',
    change: (_, line) => ({
      ...ORDINARY,
      description: `Article n° ${line} de la liste ${'MAINTENANCE PRÉVENTIVE ET CURATIVE DES WAGONS '.repeat(line % 4)}`,
      details: 'Anticonstitutionnellement, comme il est dit dans les conditions. '.repeat(line % 3),
      unitLabel: line % 5 ? 'heure' : 'conditionnement',
      unitPrice: line % 7 ? 1_250 : 98_765_432,
      discountPercent: line % 2 ? 2.5 : undefined,
    }),
  },
];
const ORDINARY = { quantity: 3, unitPrice: 1_250, taxPercent: 18, taxCategory: 'S' };

describe.each([...PAPERS, ...OTHERS])('an invoice of 60 lines on $on', ({ pdf }) => {
  it.each(INVOICES)('carries the sum of $of from page to page, and keeps its totals together', async ({ change }) => {
    const sample = shippedJson('invoice/sample.json');
    const lines = Array.from({ length: 60 }, (_, index) => change(sample, index + 1));
    const data = { ...sample, lines };
    const { pages } = await templates.make('invoice', 'fr', data, pdf);
    const nets = computeTotals(data).lines.map(({ net }) => net);
    const listing = pages.filter((page) => page.includes('Article n°'));
    let seen = 0;
    for (const [index, page] of listing.entries()) {
      expect(page).toContain('Désignation Qté ');
      expect(sumAfter(page, 'Report')).toBe(index === 0 ? undefined : sum(nets.slice(0, seen)));
      seen += times(page, 'Article n°');
      const last = index === listing.length - 1;
      expect(sumAfter(page, 'À reporter')).toBe(last ? undefined : sum(nets.slice(0, seen)));
    }
    expect(seen).toBe(60);
    const [total, ...more] = pages.filter((page) => page.includes('Net à payer'));
    expect(more).toEqual([]);
    expect(total).toContain('Total HT');
    expect(times(total!, 'Article n°')).toBeGreaterThan(1);
    for (const [index, page] of pages.entries()) expect(page).toContain(`Page ${index + 1} / ${pages.length}`);
  });
});

it.each<[string, PdfOptions]>([
  [
    'paper that is too small for its columns',
    { paper: { width: '95mm', height: '148mm' }, margins: { bottom: '35mm' } },
  ],
  ['one page as long as its content', { singlePage: true }],
])('on %s an invoice has no sums so far, and each line once', async (_, pdf) => {
  const sample = shippedJson('invoice/sample.json');
  const lines = Array.from({ length: 60 }, (_, line) => ({
    ...ORDINARY,
    description: `Article n° ${line} de la liste`,
  }));
  const { text, pages, warnings } = await templates.make('invoice', 'fr', { ...sample, lines }, pdf);
  expect(text).not.toMatch(/À reporter|Report /);
  for (const { description } of lines) expect(times(text, description)).toBe(1);
  expect(times(text, 'Net à payer')).toBe(1);
  expect(warnings).toEqual([]);
  expect(pages.length === 1).toBe(pdf.singlePage === true);
});

async function sizesOf({ pdf }: ShippedDocument): Promise<number[][]> {
  const pages = (await PDFDocument.load(pdf)).getPages();
  return pages.map((page) => [page.getWidth(), page.getHeight()].map((points) => (points / 72) * 25.4));
}
