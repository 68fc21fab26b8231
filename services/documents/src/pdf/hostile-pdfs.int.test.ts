import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Watermark } from '@tandem/contracts/pdf-marks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOSTILE, pagePdf } from './hostile-pdfs.fixture.js';
import { PageProcesses } from './page-processes.js';
import { pdfOf } from './pages.fixture.js';

const MB = 700;
const SECONDS = 4;
const ENDS = ['document_unreadable', 'document_failed', 'timeout', 'invalid_input', 'password_required'];
const processes = new PageProcesses(MB, SECONDS, 2);
const { signal } = new AbortController();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-hostile-'));
});
afterAll(async () => {
  processes.close();
  await rm(folder, { recursive: true });
});

async function fileOf(data: Uint8Array): Promise<string> {
  const path = join(folder, 'a.pdf');
  await writeFile(path, data);
  return path;
}

/** The code of its refusal, or that it was done. */
async function endOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: { name: string; code?: string; message: string }) =>
      error.name === 'Rejected' ? error.code! : error.message,
  );
}

describe.each(Object.entries(HOSTILE))('%s', (_name, make) => {
  test('ends in each kind of work, with a reason that is its own', async () => {
    const path = await fileOf(await make());
    const ends = [
      await endOf(processes.run('images', { path, scale: 1, most: 200, pages: '1' }, { signal })),
      await endOf(processes.run('text', { path, layout: true, pages: '1' }, { signal })),
      await endOf(
        processes.run(
          'watermark',
          { path, watermark: Watermark.parse({ text: 'X', tile: true }), pages: '1' },
          { signal },
        ),
      ),
      await endOf(
        processes.run('archive', { path, metadata: {}, now: new Date(0), standards: ['pdfua-1'] }, { signal }),
      ),
      await endOf(processes.run('bookmarks', { path, bookmarks: [{ title: 'x', page: 1 }], add: true }, { signal })),
    ];
    for (const end of ends) expect(['done', ...ENDS]).toContain(end);
  });
});

test('after all of them the processes still work', async () => {
  const path = await fileOf(await pdfOf({ text: 'still here' }));
  expect(await processes.run('text', { path }, { signal })).toEqual([{ page: 1, text: 'still here' }]);
});

test('a document that takes too long is ended, and says so', async () => {
  const hasty = new PageProcesses(MB, 1, 1);
  const path = await fileOf(await HOSTILE['forms that draw each other two to the thirtieth times']!());
  const slow = hasty.run('images', { path, scale: 1, most: 1, pages: '1' }, { signal });
  await expect(slow).rejects.toMatchObject({ code: 'timeout', detail: expect.stringContaining('more than 1 s') });
  hasty.close();
});

test('what no printer would take is no reason to refuse an odd page', async () => {
  const path = await fileOf(pagePdf('0 0 9 9 re f', { page: '/MediaBox [0 0 14400 10]' }));
  const images: unknown[] = [];
  await processes.run('images', { path, width: 500, most: 1 }, { signal, onNote: (image) => images.push(image) });
  expect(images).toMatchObject([{ page: 1, width: 500, height: 1 }]);
});
