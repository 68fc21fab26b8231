import { catalog } from '@tandem/contracts/catalog';
import { MergePdfs, ProtectPdf, UnlockPdf } from '@tandem/contracts/pdf-files';
import { loadConfig } from '@tandem/runtime/config';
import { createLogger } from '@tandem/telemetry/logger';
import type { Caller } from '@tandem/testing/caller';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import { beforeAll, expect, test } from 'vitest';
import { DocumentsConfig } from './config.js';
import { makePdf, textsOf } from './pdf-files.fixture.js';
import { startDocuments } from './start-documents.js';

const PASSWORD = 'correct-horse-battery';

let tandem: TestTandem;
let caller: Caller;
const logged: string[] = [];

beforeAll(async () => {
  const logger = createLogger('documents', { write: (line) => void logged.push(line) });
  tandem = await startTandem({
    catalog,
    services: {
      documents: (env, commands, _, lifecycle) =>
        startDocuments(loadConfig(DocumentsConfig, env), commands, logger, lifecycle),
    },
    env: { QPDF_BIN: process.env.QPDF_BIN ?? '' },
  });
  caller = await tandem.newCaller();
});

const upload = async (name: string) => caller.upload(new Uint8Array(await makePdf(name, 2)));

test('merges uploads into an object that its owner can read', async () => {
  const [first, second] = [await upload('first'), await upload('second')];
  const { result } = await caller.run(MergePdfs, { sources: [{ object: first }, { object: second, pages: '2' }] });
  const bytes = await caller.download(result!.document.id);
  expect(await textsOf(bytes)).toEqual(['first page 1', 'first page 2', 'second page 2']);
});

test('shows a password in no view, event and log of a job, whether it is right or wrong', async () => {
  const source = { object: await upload('secret') };
  const locked = await caller.run(ProtectPdf, { source, userPassword: PASSWORD, ownerPassword: `${PASSWORD}-2` });
  const { id } = locked.result!.document;
  expect(await textsOf(await caller.download(id), PASSWORD)).toEqual(['secret page 1', 'secret page 2']);
  const opened = await caller.run(UnlockPdf, { source: { object: id, password: PASSWORD } });
  const refused = await caller.run(UnlockPdf, { source: { object: id, password: `${PASSWORD}-3` } });
  expect([opened.status, refused.error?.code]).toEqual(['succeeded', 'password_required']);
  const shown = await Promise.all(
    [
      '/v1/jobs',
      ...[locked, opened, refused].flatMap((job) => [`/v1/jobs/${job.id}`, `/v1/jobs/${job.id}/events`]),
    ].map(read),
  );
  expect(shown.join('')).toContain(locked.id);
  expect(shown.join('')).not.toContain('horse');
  expect([...logged, ...tandem.failures].join('')).not.toContain('horse');
});

test('tells of a bad password without repeating it', async () => {
  const refused = await tandem
    .submit(UnlockPdf, { source: { url: 'https://a.example', password: `${PASSWORD}\n` } })
    .catch(String);
  expect(refused).toMatch(/\/source\/password/);
  expect(refused).not.toContain('horse');
});

async function read(path: string): Promise<string> {
  return (await caller.call(path)).text();
}
