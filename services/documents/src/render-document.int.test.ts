import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { RenderDocument } from '@tandem/contracts/documents';
import { objectKey } from '@tandem/contracts/object';
import { TemplateBundle } from '@tandem/contracts/template';
import { Egress } from '@tandem/egress/egress';
import { SourceFiles } from '@tandem/job-files/source-files';
import { FilesystemStore } from '@tandem/storage/filesystem-store';
import type { ObjectStore } from '@tandem/storage/object-store';
import { type HandlerRunOptions, runHandler } from '@tandem/testing/run-handler';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LayoutEngine } from './layout/layout-engine.js';
import { ContentSource } from './open-content.js';
import { readPdf, startRenderer, type TestRenderer } from './render/renderer.fixture.js';
import { RenderDocumentHandler } from './render-document.js';
import { TemplateFiller } from './templates/template-filler.js';
import type { TemplateSource } from './templates/template-source.js';

type Data = HandlerRunOptions<typeof RenderDocument>['data'];

const SOURCE = '0193b3f0-0000-7000-8000-0000000000aa';
const ASSET = '0193b3f0-0000-7000-8000-0000000000bb';
let layout: string | undefined;
const templates: TemplateSource = {
  get: async () =>
    TemplateBundle.parse({ html: '<link rel="stylesheet" href="style.css"><p>template', pdf: { paper: 'a5' }, layout }),
};

let dir: string;
let store: ObjectStore;
let renderer: TestRenderer;
let handler: RenderDocumentHandler;
const filler = new TemplateFiller({ size: 1 });
const layouts = new LayoutEngine();
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-documents-'));
  store = await FilesystemStore.open(dir);
  renderer = await startRenderer();
  const files = new SourceFiles(store, new Egress({}), { maxMegabytes: 1, kind: 'documents' });
  const contents = new ContentSource(files, templates, filler);
  handler = new RenderDocumentHandler(store, contents, renderer.renderer, templates, layouts);
});
afterAll(async () => {
  await renderer[Symbol.asyncDispose]();
  await layouts.onApplicationShutdown();
  filler.onApplicationShutdown();
  await rm(dir, { recursive: true, force: true });
});

async function stored(id: string, type: string, bytes: Buffer) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const object = { id, key: objectKey('acme', sha256), size: bytes.length, type, sha256 };
  await store.write(object.key, bytes);
  return { [id]: object };
}

async function run(data: Data, objects = {}) {
  const ran = await runHandler(RenderDocument, handler, { data, job: { objects } });
  const { key } = ran.result?.document ?? {};
  const pdf = key ? await readPdf(await buffer(await store.read(key))) : undefined;
  return { ...ran, pdf, text: pdf?.text.trim() };
}

test('makes the same object of the same job, with what is known of it', async () => {
  const data: Data = { source: { html: '<p>text' } };
  const { result, text } = await run(data);
  expect(text).toBe('text');
  expect(result).toMatchObject({ document: { type: 'application/pdf' }, engine: 'browser', pages: 1, warnings: [] });
  expect((await run(data)).result!.document.id).toBe(result!.document.id);
});

test('sets Markdown, and takes tags in it for text', async () => {
  const { text, pdf } = await run({ source: { markdown: '# Offer\n\n|a|b|\n|-|-|\n|1|2|\n\n<b>tag</b>' } });
  expect(text!.replace(/\s+/g, ' ')).toBe('Offer a b 1 2 <b>tag</b>');
  expect(pdf).toMatchObject({ title: 'Offer', outline: ['Offer'] });
});

test.each([
  ['text/html', '<p># html', '# html'],
  ['text/markdown', '# Markdown', 'Markdown'],
  ['text/plain', '<!doctype html><p># html', '# html'],
  ['text/plain', '# Markdown', 'Markdown'],
])('reads an object of type %s as what it is', async (type, content, text) => {
  expect((await run({ source: { object: SOURCE } }, await stored(SOURCE, type, Buffer.from(content)))).text).toBe(text);
});

test('reads UTF-16 with its mark, and refuses what is no text', async () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('<p>é', 'utf16le')]);
  expect((await run({ source: { object: SOURCE } }, await stored(SOURCE, 'text/html', utf16))).text).toBe('é');
  expect((await run({ source: { object: SOURCE } }, await stored(SOURCE, 'text/plain', utf16))).text).toBe('é');
  const latin1 = await stored(SOURCE, 'text/html', Buffer.from('<p>é', 'latin1'));
  expect((await run({ source: { object: SOURCE } }, latin1)).error).toMatchObject({
    code: 'document_unreadable',
    detail: expect.stringContaining('UTF-8'),
  });
});

test('gives objects to the page by the paths that it uses', async () => {
  const objects = await stored(ASSET, 'text/plain', Buffer.from('p::after { content: " styled" }'));
  const html = '<link rel="stylesheet" href="css/style.css"><p>text';
  expect((await run({ source: { html }, assets: { 'css/style.css': ASSET } }, objects)).text).toBe('text styled');
});

test('fills a template, whose options and assets give way to those of the job', async () => {
  const objects = await stored(ASSET, 'text/css', Buffer.from('p::after { content: " styled" }'));
  const { text, pdf } = await run(
    { source: { template: 'quote@1' }, data: {}, assets: { 'style.css': ASSET }, pdf: { landscape: true } } as Data,
    objects,
  );
  expect(text).toBe('template styled');
  expect(pdf!.pages[0]!.width).toBeCloseTo((210 * 72) / 25.4, -0.5);
});

test('fails when an object is gone or too large', async () => {
  expect((await run({ source: { object: SOURCE } })).error).toMatchObject({ code: 'not_found' });
  const large = await stored(SOURCE, 'text/html', Buffer.alloc(1_000_001, 32));
  expect((await run({ source: { object: SOURCE } }, large)).error).toMatchObject({ code: 'payload_too_large' });
});

test('fails when its assets are too large together, before it reads them', async () => {
  const objects = {
    ...(await stored(SOURCE, 'image/png', Buffer.of(1))),
    ...(await stored(ASSET, 'image/png', Buffer.of(2))),
  };
  const large = Object.fromEntries(
    Object.entries(objects).map(([id, object]) => [id, { ...object, size: 60_000_000 }]),
  );
  const assets = { 'a.png': SOURCE, 'b.png': ASSET };
  expect((await run({ source: { html: '<p>text' }, assets }, large)).error).toEqual({
    code: 'payload_too_large',
    detail: 'assets: they have 120000000 bytes; all together may have 100000000. Send smaller images.',
  });
});

test('makes the PDF of a template by its layout, unless an option is for browsers', async () => {
  layout = '#{{ data.name }}';
  const source = { template: 'quote@1' };
  const byLayout = await run({ source, data: { name: 'Ndiaye' } });
  expect(byLayout.result).toMatchObject({ engine: 'layout', pages: 1 });
  expect(byLayout.text).toBe('Ndiaye');
  expect((await run({ source, pdf: { landscape: true } })).result?.engine).toBe('browser');
  expect((await run({ source, engine: 'browser' })).result?.engine).toBe('browser');
  const refused = await run({ source, engine: 'layout', load: { media: 'screen' } });
  expect(refused.error?.detail).toBe('engine: layout cannot follow load.media; leave it out, or take engine auto.');
  layout = undefined;
  expect((await run({ source, engine: 'layout' })).error?.detail).toContain('the template has no layout');
});
