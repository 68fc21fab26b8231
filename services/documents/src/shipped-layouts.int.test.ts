import { readFileSync } from 'node:fs';
import { PDFDocument } from '@cantoo/pdf-lib';
import type { TemplateBundle } from '@tandem/contracts/template';
import { readTemplateFolder } from '@tandem/templates/read-template-folder';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeTotals } from './invoice/compute-totals.js';
import { type LaidOutTemplate, LayoutEngine, type LayoutOptions } from './layout/layout-engine.js';
import { pageImages } from './pdf/page-images.js';
import { pageText } from './pdf/page-text.js';
import {
  difference,
  plain,
  RED,
  redness,
  SHIPPED,
  SHIPPED_SAMPLES,
  shippedJson,
  smallPicture,
  squeezed,
  sum,
  sumAfter,
  textsOf,
  times,
} from './shipped-templates.fixture.js';
import { formatMoney } from './templates/filters/format-numbers.js';

const engine = new LayoutEngine();
let bundles: ReadonlyMap<string, TemplateBundle>;
beforeAll(async () => {
  bundles = await readTemplateFolder(SHIPPED);
});
afterAll(() => engine.onApplicationShutdown());

async function make(name: string, locale: string, data: unknown, paper?: LayoutOptions['pdf']) {
  const signal = AbortSignal.timeout(110_000);
  const { data: pdf, report } = await engine.render(bundles.get(name) as LaidOutTemplate, data, {
    locale,
    signal,
    pdf: paper,
  });
  const pages: string[] = [];
  for await (const { text } of pageText(pdf)) pages.push(plain(text));
  return { pdf, pages, text: pages.join(' '), report };
}

describe.each(SHIPPED_SAMPLES)('the layout of $name in $locale', ({ name, locale, sample, picture }) => {
  const data = shippedJson(`${name}/${sample}`);

  it('shows all that its sample says, with the sums that follow', async () => {
    const { text, report } = await make(name, locale, data);
    expect(textsOf(data).filter((said) => !squeezed(text).includes(squeezed(said)))).toEqual([]);
    const sums = data.lines?.[0].unitPrice === undefined ? undefined : computeTotals(data);
    for (const amount of sums ? [sums.net, sums.tax, sums.gross, sums.due] : [])
      expect(text).toContain(plain(formatMoney(amount, data.currency, locale)));
    expect(report).toMatchObject({ pages: name === 'report' ? 4 : 1, warnings: [] });
  });

  it('looks as it did', async () => {
    const { pdf } = await make(name, locale, data);
    const shown = await smallPicture(pdf);
    const pictureOf = (of: string) => readFileSync(new URL(`./shipped-pictures/layout-${of}.png`, import.meta.url));
    expect(await difference(shown, pictureOf(picture))).toBeLessThan(3);
    const other = name === 'invoice' ? 'delivery-note' : 'invoice';
    expect(await difference(shown, pictureOf(`${other}-fr`))).toBeGreaterThan(3);
  });
});

describe.each([
  { on: 'A4', paper: undefined, size: [210, 297] },
  { on: 'letter paper', paper: { paper: 'letter' as const }, size: [215.9, 279.4] },
  { on: 'A5', paper: { paper: 'a5' as const }, size: [148, 210] },
  { on: 'A4 across', paper: { landscape: true }, size: [297, 210] },
])('the layout of an invoice of 120 lines on $on', ({ paper, size }) => {
  const sample = shippedJson('invoice/sample.json');
  const lines = Array.from({ length: 120 }, (_, index) => ({
    ...sample.lines[index % sample.lines.length],
    description: `Article n° ${index + 1} de la liste`,
  }));
  let pages: string[];
  let count: number;
  let made: Buffer;
  beforeAll(async () => {
    const invoice = await make('invoice', 'fr', { ...sample, lines }, paper);
    made = invoice.pdf;
    count = invoice.pages.length;
    // Across, what stands below the table may need a page of its own.
    pages = invoice.pages.filter((page) => page.includes('Article n°'));
  });

  it('is of that size', async () => {
    for (const page of (await PDFDocument.load(made)).getPages()) {
      const { width, height } = page.getSize();
      expect([width, height].map((points) => (points / 72) * 25.4)).toEqual(size.map((mm) => expect.closeTo(mm, 1)));
    }
  });

  it('has the head of the table on every page with lines, and each line once', () => {
    expect(pages.length).toBeGreaterThan(3);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain('Désignation Qté Unité');
      expect(page).toContain(`Page ${index + 1} / ${count}`);
    }
    for (const { description } of lines) expect(times(pages.join(' '), `${description} `)).toBe(1);
    for (const page of pages.slice(1, -1)) expect(times(page, 'Article n°')).toBeGreaterThan(7);
  });

  it('carries the sum of its lines from each page to the next', () => {
    const nets = computeTotals({ ...sample, lines }).lines.map(({ net }) => net);
    let seen = 0;
    for (const [index, page] of pages.entries()) {
      expect(sumAfter(page, 'Report')).toBe(index === 0 ? undefined : sum(nets.slice(0, seen)));
      seen += times(page, 'Article n°');
      const last = index === pages.length - 1;
      expect(sumAfter(page, 'À reporter')).toBe(last ? undefined : sum(nets.slice(0, seen)));
    }
  });
});

it.each([8, 12, 14, 16, 18, 20, 40])('an invoice of %i lines has its total on a page with lines', async (count) => {
  const sample = shippedJson('invoice/sample.json');
  const lines = Array.from({ length: count }, (_, index) => ({
    ...sample.lines[3],
    description: `Article n° ${index}`,
  }));
  const { pages } = await make('invoice', 'fr', { ...sample, lines });
  const [total] = pages.filter((page) => page.includes('Net à payer'));
  expect(times(total!, 'Article n°')).toBeGreaterThan(1);
});

it('an invoice shows what the law wants to be said', async () => {
  const mentions = [{ code: 'PMT', text: 'Indemnité forfaitaire de 40 €.' }, { text: 'Pas d’escompte.' }];
  const { text } = await make('invoice', 'fr', { ...shippedJson('invoice/sample.json'), mentions });
  for (const mention of mentions) expect(text).toContain(mention.text);
});

it.each(['quote', 'receipt', 'report'])(
  '%s has the name where there is no logo, and a logo of the data',
  async (name) => {
    const { logo, ...without } = shippedJson(`${name}/sample.json`);
    const named = without.seller?.name ?? without.organisation;
    const made = await Promise.all(
      [{ logo, ...without }, without, { ...without, logo: RED }].map((data) => make(name, 'fr', data)),
    );
    const [theirs, none, red] = made.map(({ pages: [first] }) => times(squeezed(first!), squeezed(named)));
    expect(none).toBe(theirs! + 1);
    expect(red).toBe(theirs);
    expect(await redness(made[2]!.pdf)).toBeGreaterThan((await redness(made[0]!.pdf)) + 0.5);
  },
);

it('a report shows its pictures', async () => {
  const sample = shippedJson('report/sample.json');
  const png = await sharp({ create: { width: 300, height: 100, channels: 3, background: '#c00' } })
    .png()
    .toBuffer();
  const image = `data:image/png;base64,${png.toString('base64')}`;
  sample.sections = [{ title: 'Vue', blocks: [{ type: 'image', image, alt: 'La vue', caption: 'Du toit' }] }];
  const { pdf, text } = await make('report', 'fr', sample);
  expect(text).toContain('Figure 1 Du toit');
  for await (const { data } of pageImages(pdf, { pages: [3], width: 200 })) {
    const { channels } = await sharp(data).stats();
    expect(channels[0]!.mean - channels[1]!.mean).toBeGreaterThan(5);
  }
});

it('long names and words stay on the page', async () => {
  const sample = shippedJson('invoice/sample.json');
  const long = 'Anticonstitutionnellement '.repeat(8).trim();
  sample.buyer.name = long;
  sample.lines[0].description = long;
  sample.lines[2].unitLabel = 'conditionnement';
  const { text } = await make('invoice', 'fr', sample);
  expect(times(squeezed(text), squeezed(long))).toBe(2);
});
