import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPresetFile } from './preset-file.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-presets-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: unknown): Promise<ReturnType<typeof readPresetFile>> {
  const path = join(folder, 'presets.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readPresetFile(path);
}

describe('a file of presets', () => {
  test('gives each its versions, the oldest first', async () => {
    const presets = await read({ card: { width: 320 }, banner: [{ width: 800 }, { width: 900, format: 'avif' }] });
    expect(presets.get('card')).toEqual([{ name: 'card', version: 1, options: { width: 320 }, source: 'file' }]);
    expect(presets.get('banner')?.map(({ version, options }) => [version, options.width])).toEqual([
      [1, 800],
      [2, 900],
    ]);
  });

  test('may be left out', async () => {
    expect((await readPresetFile(undefined)).size).toBe(0);
  });

  test('is refused with every bad preset and field by name', async () => {
    const bad = read({
      Card: {},
      wide: { width: -1, colour: 'red' },
      png: [{}, { format: 'png', quality: 80 }],
      none: [],
    });
    const message = await bad.then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toContain('PRESETS_FILE');
    expect(message).toContain('"Card": the name must be');
    expect(message).toMatch(/"wide": width: /);
    expect(message).toContain('colour');
    expect(message).toContain('"png" version 2: quality: png has no quality');
    expect(message).toContain('"none": must have at least one version');
  });

  test('cannot name objects, which belong to one tenant', async () => {
    const watermark = { image: { object: crypto.randomUUID() } };
    await expect(read({ logo: { watermark } })).rejects.toThrow('"logo": watermark.image.object: a preset of the file');
  });

  test.each([
    ['is no JSON', '{ "card": ', 'is not JSON'],
    ['holds a list', [], 'must hold an object'],
    ['hides a prototype', '{ "__proto__": { "width": 1 } }', 'is not JSON'],
  ])('that %s stops the boot', async (_what, content, complaint) => {
    await expect(read(content)).rejects.toThrow(complaint);
  });

  test('that is not there stops the boot', async () => {
    await expect(readPresetFile(join(folder, 'missing.json'))).rejects.toThrow(/PRESETS_FILE: .*ENOENT/);
  });
});
