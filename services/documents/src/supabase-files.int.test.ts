import { randomUUID } from 'node:crypto';
import { catalog } from '@tandem/contracts/catalog';
import { RenderDocument } from '@tandem/contracts/documents';
import { MergePdfs } from '@tandem/contracts/pdf-files';
import { ExtractPdfText } from '@tandem/contracts/pdf-pages';
import { loadConfig } from '@tandem/runtime/config';
import { Caller } from '@tandem/testing/caller';
import { testIssuer } from '@tandem/testing/issuer';
import { startTandem } from '@tandem/testing/start-tandem';
import { FakeStorage } from '@tandem/testing/supabase-storage';
import { beforeAll, expect, test } from 'vitest';
import { DocumentsConfig } from './config.js';
import { makePdf, textsOf } from './pdf-files.fixture.js';
import { startDocuments } from './start-documents.js';

const user = randomUUID();
let storage: FakeStorage;
let caller: Caller;

beforeAll(async () => {
  const issuer = await testIssuer();
  storage = await FakeStorage.start(issuer.jwksUrl);
  const { url } = await startTandem({
    catalog,
    services: { documents: (env, ...rest) => startDocuments(loadConfig(DocumentsConfig, env), ...rest) },
    env: {
      SUPABASE_URL: storage.url,
      SUPABASE_ANON_KEY: 'sb_publishable_test',
      JWKS_URL: issuer.jwksUrl,
      JWT_ISSUER: issuer.issuer,
      CHROMIUM_BIN: process.env.CHROMIUM_BIN ?? '',
      QPDF_BIN: process.env.QPDF_BIN ?? '',
    },
  });
  caller = new Caller(url, await issuer.token({ sub: user }));
});

function inStorage(name: string, bytes: Buffer, type: string) {
  const path = `${user}/${name}`;
  storage.files.set(`photos/${path}`, { bytes, type });
  return { supabase: { bucket: 'photos', path } };
}

test('merges files of Supabase Storage and writes the result there', async () => {
  const first = inStorage('été, 1.pdf', await makePdf('first', 1), 'application/pdf');
  const second = inStorage('second.pdf', await makePdf('second', 2), 'application/pdf');
  const store = { supabase: { bucket: 'photos', path: `${user}/out/` } };
  const { result, error } = await caller.run(MergePdfs, { sources: [first, { ...second, pages: '2' }], store });
  expect(error).toBeUndefined();
  const file = storage.files.get(`photos/${user}/out/merged.pdf`);
  expect(await textsOf(file!.bytes)).toEqual(['first page 1', 'second page 2']);
  expect(Buffer.from(await caller.download(result!.document.id)).equals(file!.bytes)).toBe(true);
});

test('reads the text of a file of Supabase Storage', async () => {
  const source = inStorage('text.pdf', await makePdf('read', 1), 'application/pdf');
  const { result } = await caller.run(ExtractPdfText, { source });
  expect(result!.pages).toEqual([{ page: 1, text: 'read page 1' }]);
});

test('renders a page of Supabase Storage', async () => {
  const source = inStorage('page.html', Buffer.from('<p>Bonjour</p>'), 'text/html');
  const { result, error } = await caller.run(RenderDocument, { source });
  expect(error).toBeUndefined();
  expect(await textsOf(await caller.download(result!.document!.id))).toEqual(['Bonjour']);
});
