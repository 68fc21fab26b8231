import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveDocument } from '@tandem/contracts/archive-document';
import { catalog } from '@tandem/contracts/catalog';
import type { CommandDefinition, InputOf, OutputOf } from '@tandem/contracts/command';
import { RenderDocument } from '@tandem/contracts/documents';
import { type FacturXProfile, MakeInvoice } from '@tandem/contracts/make-invoice';
import { loadConfig } from '@tandem/runtime/config';
import { type Files, type InvoiceVerdict, mustang, type PdfAVerdict, veraPdf } from '@tandem/testing/pdf-validators';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { DocumentsConfig } from './config.js';
import { readPdf } from './render/renderer.fixture.js';
import { startDocuments } from './start-documents.js';

type Invoice = InputOf<typeof MakeInvoice>['invoice'];
type Result = OutputOf<typeof MakeInvoice>;

const EXAMPLES = join(import.meta.dirname, '../../../examples');
const example = (name: string): Invoice => JSON.parse(readFileSync(join(EXAMPLES, 'invoices', `${name}.json`), 'utf8'));
const examples = readdirSync(join(EXAMPLES, 'invoices')).map((file) => file.replace('.json', ''));

const line = { description: 'Vis à bois 4 × 40', reference: 'V440', quantity: 7, unitPrice: 0.085, taxPercent: 20 };
const long = {
  ...example('french'),
  number: 'FA-2026-0120',
  lines: Array.from({ length: 120 }, (_, index) => ({
    ...line,
    quantity: index + 1,
    taxPercent: index % 2 ? 20 : 5.5,
  })),
};
const cases: [name: string, invoice: Invoice, profile: FacturXProfile][] = [
  ...examples.map((name): [string, Invoice, FacturXProfile] => [name, example(name), 'en16931']),
  ['french-basic', example('french'), 'basic'],
  ['senegal-basic', example('senegal'), 'basic'],
  ['allowances-basic', example('allowances'), 'basic'],
  ['120-lines', long, 'en16931'],
];

let tandem: TestTandem;
let templates: string;
const results: Record<string, Result> = {};
const files: Files = {};
let pdfA: Record<string, PdfAVerdict>;
let invoices: Record<string, InvoiceVerdict>;

beforeAll(async () => {
  templates = await templatesWith('for-all', { accessible: true });
  tandem = await startTandem({
    catalog,
    services: { documents: (env, ...rest) => startDocuments(loadConfig(DocumentsConfig, env), ...rest) },
    env: { TEMPLATES_DIR: templates },
  });
  for (const [name, invoice, profile] of cases) {
    const job = await run(MakeInvoice, { invoice, profile, locale: name === 'reverse-charge' ? 'en' : 'fr' });
    expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded' });
    results[name] = job.result as Result;
    files[`${name}.pdf`] = await tandem.download(results[name].document.id);
  }
  const forAll = await run(MakeInvoice, { invoice: example('french'), locale: 'fr', accessible: true });
  expect(forAll, JSON.stringify(forAll)).toMatchObject({ status: 'succeeded' });
  files['accessible.pdf'] = await tandem.download((forAll.result as Result).document.id);
  files['archive.pdf'] = await archived('<h1>Procès-verbal</h1><p>Signé à Thiès ✓</p>');
  const xml = Buffer.from(await tandem.download(results.french!.xml.id)).toString();
  files['wrong-sum.xml'] = xml.replace(/(?<=<ram:GrandTotalAmount>)[^<]+/, '9999.99');
  // XMP stands as it is, so one byte of the file makes it claim to be something else.
  const claim = Buffer.from(files['french.pdf']!).toString('latin1').replace('<pdfaid:part>3', '<pdfaid:part>2');
  files['wrong-part.pdf'] = Buffer.from(claim, 'latin1');
  [pdfA, invoices] = await Promise.all([veraPdf(files), mustang(files)]);
}, 600_000);

afterAll(() => rm(templates, { recursive: true, force: true }));

/** The shipped templates, and one of invoices with options of its own. */
async function templatesWith(name: string, options: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-templates-'));
  await cp(join(EXAMPLES, 'templates'), folder, { recursive: true });
  await cp(join(folder, 'invoice'), join(folder, name), { recursive: true });
  const file = join(folder, name, 'options.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...options }));
  return folder;
}

/** A first document waits for its browser, and a busy machine makes it wait for long. */
const run = async <C extends CommandDefinition>(command: C, input: z.input<C['input']>) =>
  tandem.finished<C>((await tandem.submit(command, input)).id, { timeoutMs: 110_000 });

async function archived(html: string): Promise<Uint8Array> {
  const rendered = await run(RenderDocument, { source: { html } });
  const object = (rendered.result as OutputOf<typeof RenderDocument>).document.id;
  const job = await run(ArchiveDocument, { source: { object }, metadata: { author: 'Mairie de Thiès' } });
  expect(job, JSON.stringify(job)).toMatchObject({
    status: 'succeeded',
    result: { document: { pages: 1 }, changes: [] },
  });
  return tandem.download((job.result as OutputOf<typeof ArchiveDocument>).document.id);
}

describe('an invoice for screen readers', () => {
  it('is PDF/A-3b and PDF/UA-1 in one, as veraPDF judges, and a Factur-X all the same', async () => {
    expect(pdfA['accessible.pdf']).toEqual({ flavour: 'PDF/A-3B', faults: [] });
    const { 'accessible.pdf': verdict } = await veraPdf({ 'accessible.pdf': files['accessible.pdf']! }, 'ua1');
    expect(verdict).toEqual({ flavour: 'PDF/UA-1', faults: [] });
    expect(invoices['accessible.pdf']).toMatchObject({ valid: true, errors: [] });
  }, 120_000);

  it('is made where its template says so, unless the request says otherwise', async () => {
    const made: Files = {};
    for (const [name, accessible] of [
      ['unsaid.pdf', undefined],
      ['refused.pdf', false],
    ] as const) {
      const invoice = example('french');
      const job = await run(MakeInvoice, { invoice, template: 'shared/for-all', locale: 'fr', accessible });
      expect(job, JSON.stringify(job)).toMatchObject({ status: 'succeeded' });
      const { document, warnings } = job.result as Result;
      made[name] = await tandem.download(document.id);
      // What screen readers pass over is told where they matter.
      expect(warnings).toEqual(accessible === false ? [] : [expect.stringMatching(/^Text outside of the tags/)]);
    }
    const verdicts = await veraPdf(made, 'ua1');
    expect(verdicts['unsaid.pdf']).toEqual({ flavour: 'PDF/UA-1', faults: [] });
    expect(verdicts['refused.pdf']!.faults).toContainEqual(expect.stringMatching(/^5-1 /));
  }, 120_000);
});

describe.each(cases)('the invoice %s', (name, invoice, profile) => {
  it('is PDF/A-3b, as veraPDF judges', () => {
    expect(pdfA[`${name}.pdf`]).toEqual({ flavour: 'PDF/A-3B', faults: [] });
  });

  it('keeps to the schema of Factur-X and the rules of EN 16931, as Mustang judges', () => {
    expect(invoices[`${name}.pdf`]).toMatchObject({ valid: true, errors: [] });
  });

  it('shows the sums that its XML has', async () => {
    const { text } = await readPdf(files[`${name}.pdf`] as Buffer);
    const shown = text.replace(/\s/g, '');
    const { totals } = results[name]!;
    const digits = invoice.currency === 'XOF' ? 0 : 2;
    for (const sum of [totals.net, totals.tax, totals.due]) {
      const format = new Intl.NumberFormat(name === 'reverse-charge' ? 'en' : 'fr', {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });
      expect(shown).toContain(format.format(sum).replace(/\s/g, ''));
    }
    expect(results[name]!.profile).toBe(profile);
  });
});

describe('an archive of a document that was made here', () => {
  it('is PDF/A-2b, as veraPDF judges', () => {
    expect(pdfA['archive.pdf']).toEqual({ flavour: 'PDF/A-2B', faults: [] });
  });
});

describe('the judges', () => {
  it('complain of a sum that does not add up, and of a PDF that is not what it claims', () => {
    expect(invoices['wrong-sum.xml']).toMatchObject({
      valid: false,
      errors: [expect.stringContaining('BR-CO-15'), expect.anything()],
    });
    expect(pdfA['wrong-part.pdf']).toMatchObject({ flavour: 'PDF/A-2B', faults: [expect.stringContaining('6.8')] });
  });
});

const refusal = async (input: object) =>
  (await tandem.submit(MakeInvoice, input as never).catch((error) => error)) as Error;

describe('what EN 16931 does not allow', () => {
  it('is refused at admission, with the field that mends it', async () => {
    const french = example('french');
    const unregistered = { ...french, seller: { ...french.seller, vatId: undefined, legalId: undefined } };
    expect(String(await refusal({ invoice: unregistered }))).toMatch(/invoice\/seller\/legalId[\s\S]*BR-CO-26/);
    const unreasoned = { ...french, lines: [{ ...line, taxPercent: 0, taxCategory: 'E' }] };
    expect(String(await refusal({ invoice: unreasoned }))).toMatch(/invoice\/exemptions\/E[\s\S]*BR-E-10/);
    const computed = { ...french, gross: 1 };
    expect(String(await refusal({ invoice: computed }))).toMatch(/gross/);
  });

  it('fails the job where only the sums tell', async () => {
    const { dueDate: _, terms: __, ...french } = example('french');
    const job = await run(MakeInvoice, { invoice: { ...french, prepaid: 10 } });
    expect(job).toMatchObject({
      status: 'failed',
      error: { code: 'document_failed', detail: expect.stringMatching(/invoice\.dueDate .*BR-CO-25/) },
    });
  });
});
