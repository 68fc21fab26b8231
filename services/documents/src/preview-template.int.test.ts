import { catalog } from '@tandem/contracts/catalog';
import { PreviewTemplate, RenderDocument } from '@tandem/contracts/documents';
import { QueryClient } from '@tandem/messaging/ask-query';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { loadConfig } from '@tandem/runtime/config';
import type { Caller } from '@tandem/testing/caller';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DocumentsConfig } from './config.js';
import { countPages } from './pdf/count-pages.js';
import { pageText } from './pdf/page-text.js';
import { startDocuments } from './start-documents.js';
import { bundleOf } from './templates/bundle.fixture.js';

let tandem: TestTandem;
let service: Caller;
let connection: Connection;
let queries: QueryClient;

beforeAll(async () => {
  let url = '';
  tandem = await startTandem({
    catalog,
    services: {
      documents: (env, ...rest) => {
        const config = loadConfig(DocumentsConfig, env);
        url = config.NATS_URL;
        return startDocuments(config, ...rest);
      },
    },
  });
  service = await tandem.newCaller({ app_metadata: { tenant_id: 'acme' }, role: 'service_role' });
  connection = await connectNats(url, 'test');
  queries = new QueryClient(connection, { fetchBody: () => Promise.reject(new Error('too large for this test')) });
});
afterAll(() => connection?.nc.close());

const TEMPLATE = bundleOf({
  html: '<h1>{{ "title" | t }}</h1><p>{{ data.amount | money: "XOF" }}</p><p style="break-before: page">{{ "nope" | t }}</p>',
  css: 'h1 { color: #c00 }',
  locales: { fr: { title: 'Devis' }, en: { title: 'Quote' } },
});

interface Wish {
  format: 'pdf' | 'png' | 'html';
  page?: number;
  locale?: string;
  engine?: 'auto' | 'browser';
}

async function preview(wish: Wish, template = TEMPLATE) {
  const input = { tenant: 'acme', template, data: { amount: 1_250_000 }, page: 1, engine: 'auto' as const, ...wish };
  const { result, body } = await queries.ask(PreviewTemplate, input);
  return { ...result, body: Buffer.from(body) };
}

describe('a preview of a template', () => {
  test('is the HTML that it writes, with what is amiss', async () => {
    const { body, ...told } = await preview({ format: 'html', locale: 'en' });
    expect(body.toString()).toContain('<h1>Quote</h1><p>F\u00a0CFA\u00a01,250,000</p>');
    expect(told).toEqual({
      type: 'text/html; charset=utf-8',
      warnings: ['There is no text "nope" in the template\'s locales; the document shows [nope].'],
    });
  });

  test('is a PDF', async () => {
    const { type, body, warnings } = await preview({ format: 'pdf' });
    expect(type).toBe('application/pdf');
    expect(await countPages(body)).toBe(2);
    expect(warnings[0]).toContain('"nope"');
  });

  test('is a picture of the page that is asked for', async () => {
    const [first, second] = await Promise.all([1, 2].map((page) => preview({ format: 'png', page })));
    for (const { type, body } of [first!, second!]) {
      expect(type).toBe('image/png');
      // A4 at 144 pixels an inch, by the header of the PNG.
      expect(Math.abs(body.readUInt32BE(16) - 1190)).toBeLessThan(4);
      expect(Math.abs(body.readUInt32BE(20) - 1684)).toBeLessThan(4);
    }
    expect(first!.body.equals(second!.body)).toBe(false);
  });

  test('is by the layout of a template that has one, as a job makes it, or by its page when that is asked for', async () => {
    const template = { ...TEMPLATE, layout: '#{{ "title" | t }}, set by its layout' };
    const textOf = async (wish: Wish) => {
      for await (const { text } of pageText((await preview(wish, template)).body)) return text;
      return undefined;
    };
    expect(await textOf({ format: 'pdf' })).toBe('Devis, set by its layout');
    expect(await textOf({ format: 'pdf', engine: 'browser' })).not.toContain('layout');
    expect((await preview({ format: 'png' }, template)).pages).toBe(1);
    await expect(preview({ format: 'pdf' }, { ...template, layout: '#nope' })).rejects.toMatchObject({
      code: 'document_failed',
    });
  });

  test('of a page that is not there is refused', async () => {
    await expect(preview({ format: 'png', page: 3 })).rejects.toMatchObject({
      code: 'invalid_input',
      detail: 'page: there is no page 3; the document has 2.',
    });
  });

  test('of a template with a mistake is refused with its place', async () => {
    await expect(preview({ format: 'pdf' }, bundleOf({ html: '\n {{ 1 | mony }}' }))).rejects.toMatchObject({
      code: 'document_failed',
      detail: 'The template fails in html, line 2, column 2: there is no filter "mony".',
    });
  });
});

describe('a template that is kept', () => {
  const send = (method: string, path: string, body: object) =>
    service.call(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

  test('makes the document of a job, in the language of the job, with warnings', async () => {
    expect((await send('PUT', '/v1/templates/quote', TEMPLATE)).status).toBe(201);
    const input = { source: { template: 'quote' }, data: { amount: 1_250_000 }, load: { locale: 'fr-SN' } };
    const job = await service.run(RenderDocument, input);
    expect(job).toMatchObject({ status: 'succeeded', result: { warnings: [expect.stringContaining('"nope"')] } });
    const pdf = await service.download(job.result!.document.id);
    const pages: string[] = [];
    for await (const { text } of pageText(pdf)) pages.push(text.replaceAll('\u00a0', ' ').trim());
    expect(pages).toEqual(['Devis\n1 250 000 F CFA', '[nope]']);
  });

  test('is shown also when it is too large for a message', async () => {
    const assets = { 'big.png': { type: 'image/png', base64: Buffer.alloc(1_500_000).toString('base64') } };
    const answer = await send('POST', '/v1/templates/preview', {
      template: { ...TEMPLATE, assets },
      data: { amount: 5 },
      format: 'html',
    });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('<h1>Devis</h1><p>5\u00a0F\u00a0CFA</p>');
  });
});
