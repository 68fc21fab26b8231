import { GetTemplate, type TemplateBundle } from '@tandem/contracts/template';
import { QueryServer } from '@tandem/messaging/answer-query';
import { QueryClient } from '@tandem/messaging/ask-query';
import { type Connection, connectNats } from '@tandem/messaging/connection';
import { Rejected, RetryLater } from '@tandem/messaging/outcome';
import { createLogger } from '@tandem/telemetry/logger';
import { testNats } from '@tandem/testing/servers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { bundleOf } from './bundle.fixture.js';
import { GatewayTemplates } from './gateway-templates.js';

let connection: Connection;
let gateway: QueryServer<typeof GetTemplate> | undefined;
let templates: GatewayTemplates;
const asked: string[] = [];
const logger = createLogger('test', { write: () => undefined });

beforeAll(async () => {
  connection = await connectNats((await testNats()).url, 'test');
});
afterAll(() => connection.nc.close());
afterEach(async () => {
  await gateway?.drain(0);
  gateway = undefined;
  asked.length = 0;
});

/** Answers as gateways do, with templates by name. */
async function answer(bundles: Record<string, TemplateBundle | (TemplateBundle & { later: boolean })>): Promise<void> {
  gateway = new QueryServer({
    connection,
    query: GetTemplate,
    concurrency: 4,
    logger,
    handler: async ({ data: { tenant, template } }) => {
      asked.push(`${tenant} ${template}`);
      const bundle = bundles[template];
      if (!bundle) throw new Rejected('not_found', `There is no template ${template}.`);
      return { result: { sha256: 'x' }, body: Buffer.from(JSON.stringify(bundle)) };
    },
    storeBody: () => Promise.reject(new Error('too large for this test')),
  });
  templates = new GatewayTemplates(
    new QueryClient(connection, { fetchBody: () => Promise.reject(new Error('no store')) }),
  );
  await connection.nc.flush();
}

describe('templates from the gateway', () => {
  test('are asked for once, also by several at once, and then kept', async () => {
    await answer({ 'quote@3': bundleOf({ html: 'x' }) });
    const [one, two] = await Promise.all([templates.get('acme', 'quote@3'), templates.get('acme', 'quote@3')]);
    expect(one).toEqual(bundleOf({ html: 'x' }));
    expect(two).toBe(one);
    expect(await templates.get('acme', 'quote@3')).toBe(one);
    expect(asked).toEqual(['acme quote@3']);
  });

  test('are never those of another tenant, unless they are everybody’s', async () => {
    await answer({ 'quote@3': bundleOf({ html: 'x' }), 'shared/quote@3': bundleOf({ html: 'y' }) });
    for (const tenant of ['acme', 'other'])
      for (const name of ['quote@3', 'shared/quote@3']) await templates.get(tenant, name);
    expect(asked).toEqual(['acme quote@3', 'acme shared/quote@3', 'other quote@3']);
  });

  test('may have fields that a newer gateway knows', async () => {
    await answer({ 'quote@1': { ...bundleOf({ html: 'x' }), later: true } });
    expect(await templates.get('acme', 'quote@1')).toEqual(bundleOf({ html: 'x' }));
  });

  test('that are not there are refused, and asked for again', async () => {
    await answer({});
    for (const _ of [1, 2])
      await expect(templates.get('acme', 'nope@1')).rejects.toMatchObject({
        code: 'not_found',
        detail: 'There is no template nope@1.',
      });
    expect(asked).toHaveLength(2);
  });

  test('make the job wait while no gateway answers', async () => {
    await answer({});
    await gateway!.drain(0);
    const error = await templates.get('acme', 'quote@1').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RetryLater);
    expect(error).toMatchObject({
      afterMs: 5_000,
      detail: expect.stringContaining('The template quote@1 could not be fetched: no gateway answers.'),
    });
  });
});
