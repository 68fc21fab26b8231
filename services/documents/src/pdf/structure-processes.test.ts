import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { StructureProcesses } from './structure-processes.js';

const processes = new StructureProcesses(300, 20);
afterAll(() => processes.close());

const SIGNAL = new AbortController().signal;
const EMPTY = { pages: [], outlines: [], qpdf: [{ maxobjectid: 0 }, {}] };

test('work on structure has what is left of the time of its job', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'tandem-structure-test-'));
  const [dump, to] = ['dump', 'digest'].map((name) => join(folder.path, name)) as [string, string];
  await writeFile(dump, JSON.stringify(EMPTY));
  const digest = (deadline: number) => processes.run('digest', { dump, to }, { signal: SIGNAL, deadline });
  await expect(digest(performance.now() - 1)).rejects.toMatchObject({
    name: 'Rejected',
    code: 'timeout',
    detail: 'The work on the documents takes more than 20 s. Take fewer pages at once.',
  });
  expect(await digest(performance.now() + 20_000)).toMatchObject({ structured: false, tagged: false });
});
