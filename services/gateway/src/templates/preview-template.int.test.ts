import { PreviewTemplate } from '@tandem/contracts/documents';
import { QueryServer } from '@tandem/messaging/answer-query';
import { Rejected } from '@tandem/messaging/outcome';
import { openStore } from '@tandem/storage/open-store';
import { createLogger } from '@tandem/telemetry/logger';
import { afterEach, describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';
import { QUOTE, useTemplates } from './templates.fixture.js';

const gateway = useGateway();
const { tokens, put, preview } = useTemplates(gateway);

let server: QueryServer<typeof PreviewTemplate> | undefined;
afterEach(async () => {
  await server?.drain(0);
  server = undefined;
});

/** What a documents service answers previews with, told as JSON instead of as a document. */
async function answer(more: { fail?: Rejected; warnings?: string[] } = {}): Promise<void> {
  const store = await openStore(gateway.config);
  server = new QueryServer({
    connection: gateway.connection,
    query: PreviewTemplate,
    concurrency: 2,
    logger: createLogger('test', { write: () => undefined }),
    handler: async ({ data: { template, ...data } }) => {
      if (more.fail) throw more.fail;
      const body = Buffer.from(JSON.stringify({ ...data, html: template.html, assets: Object.keys(template.assets) }));
      return { result: { type: 'x/y', pages: 2, warnings: more.warnings ?? [] }, body };
    },
    storeBody: () => Promise.reject(new Error('too large for this test')),
    fetchQuestion: async (key) => {
      const chunks: Buffer[] = [];
      for await (const chunk of await store.read(key)) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    },
  });
  await gateway.connection.nc.flush();
}

const shown = ({ bytes }: { bytes: Buffer }): Json => JSON.parse(bytes.toString());

describe('a preview', () => {
  test('shows the sample of a template as PDF, or what is wished for', async () => {
    await put('quote', QUOTE);
    await answer({ warnings: ['La police « Été » manque'] });
    const first = await preview('quote/preview', {});
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toBe('application/pdf');
    expect(first.headers.get('tandem-pages')).toBe('2');
    expect(JSON.parse(decodeURIComponent(first.headers.get('tandem-warnings')!))).toEqual(['La police « Été » manque']);
    expect(shown(first)).toMatchObject({
      tenant: 'acme',
      data: QUOTE.sample,
      format: 'pdf',
      page: 1,
      html: QUOTE.html,
    });
    const wish = { data: { number: '9', lines: [] }, locale: 'fr', format: 'png', page: 3 };
    const second = await preview('quote@1/preview', wish, { accept: 'text/html' });
    expect(second.headers.get('content-type')).toBe('image/png');
    expect(shown(second)).toMatchObject(wish);
  });

  test('comes in the format that Accept likes best; HTML of it can do nothing', async () => {
    await put('accept', QUOTE);
    await answer();
    const typeOf = async (accept: string) =>
      (await preview('accept/preview', {}, { accept })).headers.get('content-type');
    expect(await typeOf('text/html;q=0.5, image/png')).toBe('image/png');
    expect(await typeOf('application/json, */*')).toBe('application/pdf');
    const html = await preview('accept/preview', {}, { accept: 'text/html' });
    expect(html.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(html.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
  });

  test('of a template that is not kept is made of what is sent, megabytes too', async () => {
    await answer();
    const base64 = Buffer.alloc(2_000_000).toString('base64');
    const template = { ...QUOTE, html: 'new', assets: { 'assets/a.png': { type: 'image/png', base64 } } };
    const { status, bytes } = await preview('preview', { template }, {}, tokens.service);
    expect(status).toBe(200);
    expect(shown({ bytes })).toMatchObject({ html: 'new', assets: ['assets/a.png'], data: QUOTE.sample });
  });

  test('is refused for data that does not fit, for a template at fault, and for what is not there', async () => {
    await put('strict', QUOTE);
    await answer();
    expect((await preview('strict/preview', { data: { number: 1, lines: [] } })).body.errors).toEqual([
      { pointer: '/data/number', detail: 'must be a text, not a number' },
    ]);
    const bad = await preview('preview', { template: { html: '{{ x' } }, {}, tokens.service);
    expect(bad).toMatchObject({ status: 422, body: { errors: [{ pointer: '/template/html' }] } });
    expect((await preview('nope/preview', {})).status).toBe(404);
    expect((await preview('shared/strict/preview', {})).status).toBe(404);
    expect((await preview('strict/preview', { format: 'docx' })).body.errors[0].pointer).toBe('/format');
  });

  test('says what the documents service says of the template', async () => {
    await put('failing', QUOTE);
    await answer({ fail: new Rejected('document_failed', 'html, line 1: the filter money takes a currency') });
    expect(await preview('failing/preview', {})).toMatchObject({
      status: 422,
      body: { code: 'document_failed', detail: 'html, line 1: the filter money takes a currency' },
    });
  });

  test('is not to be had when no documents service runs', async () => {
    await put('alone', QUOTE);
    const { status, body, headers } = await preview('alone/preview', {});
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
    expect(body.detail).toContain('No documents service answers');
  });

  test('takes the scope of documents, and that of templates for one that is not kept', async () => {
    await put('scoped', QUOTE);
    await answer();
    const as = await gateway.issuer.token({ app_metadata: { tenant_id: 'acme', scopes: ['media:write'] } });
    expect((await preview('scoped/preview', {}, {}, as)).status).toBe(403);
    expect((await preview('preview', { template: QUOTE })).status).toBe(403);
    expect((await preview('scoped/preview', {}, {}, gateway.token)).status).toBe(404);
  });
});
