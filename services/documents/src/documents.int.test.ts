import { catalog } from '@tandem/contracts/catalog';
import { RenderDocument } from '@tandem/contracts/documents';
import { loadConfig } from '@tandem/runtime/config';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import { beforeAll, expect, it } from 'vitest';
import { DocumentsConfig } from './config.js';
import { startDocuments } from './start-documents.js';

let tandem: TestTandem;
beforeAll(async () => {
  tandem = await startTandem({
    catalog,
    services: { documents: (env, ...rest) => startDocuments(loadConfig(DocumentsConfig, env), ...rest) },
  });
});

it('makes a PDF of HTML', async () => {
  const job = await tandem.run(RenderDocument, { source: { html: '<h1>Devis n° 7</h1>' } });
  expect(job).toMatchObject({ status: 'succeeded', result: { document: { type: 'application/pdf' } } });
});
