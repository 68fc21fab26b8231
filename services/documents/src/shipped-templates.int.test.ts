import { readFileSync } from 'node:fs';
import { Invoice } from '@tandem/contracts/invoice';
import { compileSchema } from '@tandem/templates/compile-schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { computeTotals } from './invoice/compute-totals.js';
import {
  difference,
  plain,
  RED,
  redness,
  SHIPPED_NAMES,
  SHIPPED_SAMPLES,
  type ShippedDocument,
  shippedJson,
  smallPicture,
  squeezed,
  startShippedTemplates,
  sum,
  sumAfter,
  textsOf,
  times,
} from './shipped-templates.fixture.js';
import { formatMoney } from './templates/filters/format-numbers.js';

let templates: Awaited<ReturnType<typeof startShippedTemplates>>;
const made = new Map<string, ShippedDocument>();
beforeAll(async () => {
  templates = await startShippedTemplates();
  for (const { name, locale, sample, picture } of SHIPPED_SAMPLES)
    made.set(picture, await templates.make(name, locale, shippedJson(`${name}/${sample}`)));
});
afterAll(() => templates.pool.stop());

describe.each(SHIPPED_SAMPLES)('the template $name in $locale', ({ name, locale, sample, picture }) => {
  const data = shippedJson(`${name}/${sample}`);
  const { text, warnings } = lazily(() => made.get(picture)!);

  it('shows all that its sample says, and warns of nothing', () => {
    const missing = textsOf(data).filter((said) => !squeezed(text()).includes(squeezed(said)));
    expect(missing).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  it('shows the sums that follow from the data', () => {
    const money = (amount: number) => plain(formatMoney(amount, data.currency, locale));
    const sums = data.lines?.[0].unitPrice === undefined ? undefined : computeTotals(data);
    const amounts = sums ? [sums.net, sums.tax, sums.gross, sums.due] : [];
    if (name === 'receipt') amounts.push(data.amount, data.invoiceTotal - data.paidBefore - data.amount);
    for (const amount of amounts) expect(text()).toContain(money(amount));
  });

  it('stays within its margins', async () => {
    expect(await templates.overhang(name, locale, data)).toEqual([]);
  });

  it('looks as it did', async () => {
    const shown = await smallPicture(made.get(picture)!.pdf);
    const reference = readFileSync(new URL(`./shipped-pictures/${picture}.png`, import.meta.url));
    expect(await difference(shown, reference)).toBeLessThan(3);
    const other = readFileSync(
      new URL(`./shipped-pictures/${name === 'invoice' ? 'delivery-note' : 'invoice'}-fr.png`, import.meta.url),
    );
    expect(await difference(shown, other)).toBeGreaterThan(3);
  });
});

describe('an invoice of 120 lines', () => {
  const sample = shippedJson('invoice/sample.json');
  const lines = Array.from({ length: 120 }, (_, index) => ({
    ...sample.lines[index % sample.lines.length],
    description: `Article n° ${index + 1} de la liste`,
  }));
  let invoice: ShippedDocument;
  beforeAll(async () => {
    invoice = await templates.make('invoice', 'fr', { ...sample, lines });
  });

  it('has the head of the table on every page, each line once and its total once', () => {
    expect(invoice.pages.length).toBeGreaterThan(3);
    for (const page of invoice.pages) expect(page).toContain('Désignation Qté Unité');
    for (const { description } of lines) expect(times(invoice.text, `${description} `)).toBe(1);
    expect(times(invoice.text, 'Net à payer')).toBe(1);
    expect(times(invoice.text, 'Total TTC')).toBe(1);
  });

  it('carries the sum of its lines from each page to the next', () => {
    const nets = computeTotals({ ...sample, lines }).lines.map(({ net }) => net);
    let seen = 0;
    for (const [index, page] of invoice.pages.entries()) {
      const brought = sumAfter(page, 'Report');
      expect(brought).toBe(index === 0 ? undefined : sum(nets.slice(0, seen)));
      seen += times(page, 'Article n°');
      const last = index === invoice.pages.length - 1;
      expect(sumAfter(page, 'À reporter')).toBe(last ? undefined : sum(nets.slice(0, seen)));
    }
  });

  it('fills its pages, and numbers them', () => {
    const counts = invoice.pages.map((page) => times(page, 'Article n°'));
    for (const count of counts.slice(1, -1)) expect(count).toBeGreaterThan(15);
    expect(counts.at(-1)).toBeGreaterThan(1);
    for (const [index, page] of invoice.pages.entries())
      expect(page).toContain(`Page ${index + 1} / ${invoice.pages.length}`);
  });
});

it('keeps long names and words on the page', async () => {
  const sample = shippedJson('invoice/sample.json');
  const endless = 'Anticonstitutionnellement'.repeat(8);
  sample.seller.name = `Société ${endless}`;
  sample.buyer.name = endless;
  sample.buyer.address.lines[0] = endless;
  sample.number = `FA-${'0123456789'.repeat(5)}`;
  sample.lines[0].description = endless;
  sample.lines[1].reference = endless;
  sample.lines[2].unitLabel = 'conditionnement';
  sample.lines[3].unitPrice = 9_999_999_999;
  const { text } = await templates.make('invoice', 'fr', sample);
  // What hangs over the edge of the paper is cut off by the printer, and has no text left.
  for (const said of [sample.seller.name, endless, sample.number]) expect(squeezed(text)).toContain(squeezed(said));
  const box = await templates.overhang('invoice', 'fr', sample);
  expect(box).toEqual([]);
});

it.each(SHIPPED_NAMES)('%s has the name where there is no logo, and a logo that comes with the data', async (name) => {
  const { logo, ...without } = shippedJson(`${name}/sample.json`);
  const named = without.seller?.name ?? without.organisation;
  const pages = await Promise.all(
    [{ logo, ...without }, without, { ...without, logo: RED }].map((data) => templates.make(name, 'fr', data)),
  );
  const [theirs, none, red] = pages.map(({ pages: [first] }) => times(squeezed(first!), squeezed(named)));
  expect(none).toBe(theirs! + 1);
  expect(red).toBe(theirs);
  expect(await redness(pages[2]!.pdf)).toBeGreaterThan((await redness(pages[0]!.pdf)) + 0.5);
});

describe('schemas', () => {
  it.each(SHIPPED_NAMES)('of %s take both samples', (name) => {
    const check = compileSchema(shippedJson(`${name}/schema.json`));
    for (const sample of ['sample.json', 'sample.en.json']) expect(check(shippedJson(`${name}/${sample}`))).toEqual([]);
  });

  it.each<[string, (data: ReturnType<typeof shippedJson>) => void, string]>([
    ['invoice', (data) => delete data.lines[1].quantity, '/lines/1/quantity'],
    ['invoice', (data) => Object.assign(data.lines[0], { price: 3 }), '/lines/0/price'],
    ['invoice', (data) => Object.assign(data, { issueDate: '14/09/2026' }), '/issueDate'],
    ['quote', (data) => delete data.validUntil, '/validUntil'],
    ['quote', (data) => Object.assign(data.seller.address, { country: 'Sénégal' }), '/seller/address/country'],
    ['receipt', (data) => Object.assign(data, { method: 'gold' }), '/method'],
    ['receipt', (data) => Object.assign(data, { amount: '5000' }), '/amount'],
    ['delivery-note', (data) => Object.assign(data, { lines: [] }), '/lines'],
    ['report', (data) => delete data.sections[0].blocks[0].text, '/sections/0/blocks/0/text'],
  ])('of %s refuse bad data at %3$s', (name, spoil, pointer) => {
    const data = shippedJson(`${name}/sample.json`);
    spoil(data);
    const faults = compileSchema(shippedJson(`${name}/schema.json`))(data);
    expect(faults.map((fault) => fault.pointer)).toContain(pointer);
  });

  it('of the invoice knows every field of the contract', () => {
    expect(Object.keys(shippedJson('invoice/schema.json').properties).sort()).toEqual(
      // The logo comes with the `extra` of an invoice.
      [...Object.keys(Invoice.shape), 'logo'].sort(),
    );
  });

  it('tell of every field what it is for', () => {
    for (const name of SHIPPED_NAMES)
      for (const [field, about] of Object.entries<{ description?: string }>(
        shippedJson(`${name}/schema.json`).properties,
      ))
        expect(about.description, `${name}: ${field}`).toMatch(/\w/);
  });
});

it.each(SHIPPED_NAMES)('%s has the same words in every language, French first', (name) => {
  const { locales } = templates.bundles.get(name)!;
  expect(Object.keys(locales)).toEqual(['fr', 'en']);
  expect(Object.keys(locales.en!).sort()).toEqual(Object.keys(locales.fr!).sort());
});

/** What a test reads after `beforeAll`. */
function lazily(read: () => ShippedDocument) {
  return { text: () => read().text, warnings: () => read().warnings };
}
