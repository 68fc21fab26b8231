import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@tandem/telemetry/logger';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CachedImage, DiskCache } from './disk-cache.js';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'tandem-image-cache-')), 'images');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const keyOf = (n: number) => sha256(String(n));
function image(fill: number, size: number): CachedImage {
  const bytes = Buffer.alloc(size, fill);
  return { type: 'image/webp', sha256: sha256(bytes), bytes };
}
const open = (maxBytes: number) => DiskCache.open(folder, maxBytes, createLogger('test', { write: () => undefined }));

async function files(): Promise<{ path: string; blocks: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(paths.map(async (path) => ({ path, blocks: Math.ceil((await stat(path)).size / 4_096) * 4_096 })));
}
const onDisk = async () => (await files()).reduce((sum, { blocks }) => sum + blocks, 0);

describe('the image cache on disk', () => {
  test('gives back what was put, and makes its folder only then', async () => {
    const cache = await open(1_000_000);
    expect(await cache.get(keyOf(1))).toBeUndefined();
    await expect(stat(folder)).rejects.toThrow('ENOENT');
    await cache.put(keyOf(1), image(7, 5_000));
    expect(await cache.get(keyOf(1))).toEqual(image(7, 5_000));
  });

  test('never holds more on disk than it may, however much is put at once', async () => {
    const cache = await open(100_000);
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => cache.put(keyOf(round * 20 + n), image(n, 9_000))));
      expect(await onDisk()).toBeLessThanOrEqual(100_000);
      expect(await onDisk()).toBe(cache.bytes);
    }
    expect((await files()).length).toBe(8);
  });

  test('lets go of what was asked for longest ago', async () => {
    const cache = await open(3 * 8_192);
    for (const n of [1, 2, 3]) await cache.put(keyOf(n), image(n, 5_000));
    await cache.get(keyOf(1));
    await cache.put(keyOf(4), image(4, 5_000));
    expect(await cache.get(keyOf(2))).toBeUndefined();
    for (const n of [1, 3, 4]) expect(await cache.get(keyOf(n))).toBeDefined();
  });

  test('does not take what is larger than all of it', async () => {
    const cache = await open(50_000);
    await cache.put(keyOf(1), image(1, 1_000));
    await cache.put(keyOf(2), image(2, 60_000));
    expect(await cache.get(keyOf(2))).toBeUndefined();
    expect(await cache.get(keyOf(1))).toBeDefined();
  });

  test('survives a restart, in the order of use, within a smaller bound, without half-written files', async () => {
    const before = await open(1_000_000);
    for (const n of [1, 2, 3]) await before.put(keyOf(n), image(n, 5_000));
    for (const [n, at] of [
      [2, 1_000],
      [1, 2_000],
      [3, 3_000],
    ] as const)
      await utimes(join(folder, keyOf(n).slice(0, 2), keyOf(n)), at, at);
    await writeFile(join(folder, 'tmp', 'half'), 'half');
    const after = await open(2 * 8_192);
    expect(await after.get(keyOf(2))).toBeUndefined();
    expect(await after.get(keyOf(1))).toEqual(image(1, 5_000));
    expect(await after.get(keyOf(3))).toEqual(image(3, 5_000));
    expect(await onDisk()).toBe(2 * 8_192);
  });

  test.each([
    ['was cut off', (path: string) => truncate(path, 3_000)],
    [
      'has one bit turned',
      async (path: string) => {
        const content = await readFile(path);
        content[content.length - 1]! ^= 1;
        await writeFile(path, content);
      },
    ],
    ['is something else', (path: string) => writeFile(path, '<html>')],
    ['is gone', (path: string) => rm(path)],
  ])('does not serve a file that %s, and takes the image again', async (_what, damage) => {
    const cache = await open(1_000_000);
    await cache.put(keyOf(1), image(1, 5_000));
    await damage((await files())[0]!.path);
    expect(await cache.get(keyOf(1))).toBeUndefined();
    await cache.put(keyOf(1), image(1, 5_000));
    expect(await cache.get(keyOf(1))).toEqual(image(1, 5_000));
  });

  test('costs no request when its folder cannot be used', async () => {
    await writeFile(folder, 'a file where the folder should be');
    const cache = await open(1_000_000);
    await cache.put(keyOf(1), image(1, 5_000));
    expect(await cache.get(keyOf(1))).toBeUndefined();
    expect(cache.bytes).toBe(0);
  });
});
