import { mkdtempSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { GetTemplate } from '@tandem/contracts/template';
import { QueryClient } from '@tandem/messaging/ask-query';
import { openStore } from '@tandem/storage/open-store';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Json, useGateway } from '../gateway.fixture.js';
import { DATA, QUOTE, useTemplates } from './templates.fixture.js';

const folder = mkdtempSync(join(tmpdir(), 'tandem-templates-'));
beforeAll(async () => {
  for (const name of ['invoice', 'quote']) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'invoice/template.liquid'), 'shared {{ data.number }}');
  await writeFile(join(folder, 'invoice/schema.json'), '{"required": ["number"]}');
  await writeFile(join(folder, 'quote/template.liquid'), 'shared quote');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const gateway = useGateway({ TEMPLATES_DIR: folder });
const { tokens, put, get, list, remove, render } = useTemplates(gateway);

/** The newest command as the broker holds it: what the job does. */
async function published(jobId: string): Promise<Json> {
  const manager = await jetstreamManager(gateway.connection.nc);
  const message = await manager.streams.getMessage('COMMANDS', { last_by_subj: 'cmd.documents.render.normal' });
  const envelope = message!.json<Json>();
  expect(envelope.subject).toBe(jobId);
  return envelope.data;
}

async function fetchTemplate(template: string, tenant = 'acme'): Promise<Json> {
  const store = await openStore(gateway.config);
  const fetchBody = async (key: string) => {
    const chunks: Buffer[] = [];
    for await (const chunk of await store.read(key)) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };
  const { body } = await new QueryClient(gateway.connection, { fetchBody }).ask(GetTemplate, { tenant, template });
  return JSON.parse(Buffer.from(body).toString());
}

describe('templates of the folder', () => {
  test('serve every tenant, and cannot be changed by one', async () => {
    expect((await get('invoice', gateway.token)).body).toMatchObject({
      reference: 'shared/invoice@1',
      source: 'shared',
      schema: { required: ['number'] },
    });
    expect((await get('shared/invoice@1')).body.version).toBe(1);
    expect(await remove('invoice')).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('TEMPLATES_DIR') },
    });
  });

  test('stand behind those of a tenant, and stay within reach by their whole name', async () => {
    expect((await put('quote', { html: 'own' })).status).toBe(201);
    expect((await get('quote')).body.reference).toBe('quote@1');
    expect((await get('shared/quote?bundle=true')).body.bundle.html).toBe('shared quote');
    expect((await list()).map(({ reference }: Json) => reference)).toEqual([
      'shared/invoice@1',
      'quote@1',
      'shared/quote@1',
    ]);
    expect((await get('quote', gateway.token)).body.reference).toBe('shared/quote@1');
    await remove('quote');
    expect((await get('quote')).body.reference).toBe('shared/quote@1');
  });
});

describe('a job that names a template', () => {
  test('gets the version that was the newest when it was admitted', async () => {
    await put('offer', QUOTE);
    const first = await render('offer', DATA);
    expect(first.status).toBe(202);
    expect((await published(first.body.id)).source).toEqual({ template: 'offer@1' });
    await put('offer', { ...QUOTE, html: 'other' });
    expect((await published((await render('offer', DATA)).body.id)).source).toEqual({ template: 'offer@2' });
    expect((await published((await render('offer@1', DATA)).body.id)).source).toEqual({ template: 'offer@1' });
    expect((await published((await render('invoice', DATA)).body.id)).source).toEqual({ template: 'shared/invoice@1' });
  });

  test('is refused with every field that the schema does not take', async () => {
    await put('strict', QUOTE);
    const { status, body } = await render('strict', { number: 7, lines: [{ quantity: 'deux' }] });
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      { pointer: '/data/number', detail: 'must be a text, not a number' },
      { pointer: '/data/lines/0/quantity', detail: 'must be a number, not a text' },
    ]);
    expect(body.detail).toContain('strict@1');
    expect((await render('strict', undefined)).body.errors).toEqual([
      { pointer: '/data/number', detail: 'is missing' },
      { pointer: '/data/lines', detail: 'is missing' },
    ]);
  });

  test('that does not exist is refused with those that do', async () => {
    await put('there', QUOTE);
    const { status, body } = await render('nope', DATA);
    expect([status, body.errors[0].pointer]).toEqual([422, '/source/template']);
    expect(body.errors[0].detail).toMatch(/no template nope; the newest are .*shared\/invoice@1.*there@1/);
    expect((await render('there@9', DATA)).status).toBe(422);
    expect((await render('shared/there', DATA)).status).toBe(422);
  });

  test('stays the same request when the template changes', async () => {
    await put('same', QUOTE);
    const key = { 'idempotency-key': crypto.randomUUID() };
    const first = await render('same', DATA, key);
    await put('same', { ...QUOTE, html: 'other' });
    const again = await render('same', DATA, key);
    expect([again.body.id, again.headers.get('idempotency-replayed')]).toEqual([first.body.id, 'true']);
    expect((await render('same', { ...DATA, number: '8' }, key)).body.code).toBe('idempotency_mismatch');
  });

  test('may stand in a batch, whose faults name the entry', async () => {
    await put('many', QUOTE);
    const entry = (template: string, data: object) => ({
      command: 'documents.render',
      input: { source: { template }, data },
    });
    const send = (...jobs: object[]) => gateway.post('/v1/batches', { jobs }, {}, tokens.user);
    expect((await send(entry('many', DATA), entry('shared/quote', {}))).status).toBe(202);
    const bad = await send(entry('many', DATA), entry('many', { number: '1' }), entry('nope', {}));
    expect(bad.status).toBe(422);
    expect(bad.body.errors.map(({ pointer }: Json) => pointer)).toEqual([
      '/1/input/data/lines',
      '/2/input/source/template',
    ]);
  });

  test('is told when its data takes too long to check, and a batch of such jobs does not hold up the gateway', async () => {
    const data = { list: Array.from({ length: 10_000 }, (_, n) => ({ n })) };
    await put('slow', { html: 'x', schema: { properties: { list: { uniqueItems: true } } } });
    const jobs = Array.from({ length: 15 }, () => ({
      command: 'documents.render',
      input: { source: { template: 'slow' }, data },
    }));
    const { status, body } = await gateway.post('/v1/batches', { jobs }, {}, tokens.user);
    expect([status, body.errors.length]).toEqual([422, 15]);
    expect(body.errors[14]).toEqual({ pointer: '/14/input/data', detail: expect.stringContaining('takes too long') });
  });
});

describe('a worker', () => {
  test('fetches the version of a job, also when the template was deleted meanwhile', async () => {
    const base64 = Buffer.alloc(1_000_000, 7).toString('base64');
    await put('fetched', { ...QUOTE, assets: { 'assets/a.png': { type: 'image/png', base64 } } });
    await remove('fetched');
    expect((await render('fetched', DATA)).status).toBe(422);
    const bundle = await fetchTemplate('fetched@1');
    expect(bundle.assets['assets/a.png'].base64).toBe(base64);
    expect(bundle.html).toBe(QUOTE.html);
    expect((await fetchTemplate('shared/invoice@1')).html).toBe('shared {{ data.number }}');
  });

  test('gets nothing under another tenant, or without a version', async () => {
    await put('mine', QUOTE);
    for (const [template, tenant] of [
      ['mine@1', 'other'],
      ['mine', 'acme'],
      ['shared/mine@1', 'acme'],
      ['mine@2', 'acme'],
    ])
      await expect(fetchTemplate(template!, tenant)).rejects.toMatchObject({ code: 'not_found' });
  });
});
