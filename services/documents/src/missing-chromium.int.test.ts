import { catalog } from '@tandem/contracts/catalog';
import { RenderDocument } from '@tandem/contracts/documents';
import { loadConfig } from '@tandem/runtime/config';
import { Caller } from '@tandem/testing/caller';
import { eventually } from '@tandem/testing/eventually';
import { startTandem } from '@tandem/testing/start-tandem';
import { expect, it } from 'vitest';
import { DocumentsConfig } from './config.js';
import { startDocuments } from './start-documents.js';

it('starts without Chromium, says so in its health, and lets its jobs wait with the reason', async () => {
  const { url, token } = await startTandem({
    catalog,
    env: { CHROMIUM_BIN: '/nowhere/chromium' },
    services: { documents: (env, ...rest) => startDocuments(loadConfig(DocumentsConfig, env), ...rest) },
  });
  const caller = new Caller(url, await token());
  const missing = expect.stringContaining('CHROMIUM_BIN');
  // Again where a busy machine took longer to answer than the gateway waits.
  await eventually(async () => {
    const health = (await (await caller.call('/health/detailed')).json()) as { parts: object };
    expect(health.parts).toMatchObject({ documents: { status: 'degraded', instances: 1, reason: missing } });
  });
  const { id } = await caller.submit(RenderDocument, { source: { html: '<h1>Devis</h1>' } });
  await eventually(async () => {
    const job = await (await caller.call(`/v1/jobs/${id}`)).json();
    expect(job).toMatchObject({ status: 'retrying', attempt: 0, error: { detail: missing } });
  });
});
