import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FolderTemplates } from './folder-templates.js';

test('templates of a folder are there by every version of their names', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-templates-'));
  try {
    await mkdir(join(folder, 'quote'));
    await writeFile(join(folder, 'quote/template.liquid'), 'x');
    const templates = await FolderTemplates.read(folder);
    for (const name of ['quote', 'quote@3', 'shared/quote@1'])
      expect((await templates.get('acme', name)).html).toBe('x');
    await expect(templates.get('acme', 'nope@1')).rejects.toMatchObject({ code: 'not_found' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
