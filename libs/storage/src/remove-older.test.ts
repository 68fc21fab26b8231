import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FilesystemStore } from './filesystem-store.js';

const KEY = 't/a';
const BYTES = Buffer.from('bytes');
const HOUR_MS = 3_600_000;

let dir: string;
let store: FilesystemStore;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-store-'));
  store = await FilesystemStore.open(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const hoursAgo = (hours: number) => new Date(Date.now() - hours * HOUR_MS);
const age = (hours: number) => utimes(join(dir, 'objects', KEY), hoursAgo(hours), hoursAgo(hours));

test('an object that is stored again while it is removed is there afterwards', async () => {
  for (let round = 0; round < 300; round += 1) {
    await store.write(KEY, BYTES);
    await age(2);
    const writes = [store.write(KEY, BYTES), store.write(KEY, BYTES)];
    const removals = [store.removeOlder(KEY, hoursAgo(1)), store.removeOlder(KEY, hoursAgo(1))];
    await Promise.all([...writes, ...removals]);
    expect(await store.size(KEY)).toBe(BYTES.length);
  }
  expect(await readdir(join(dir, 'staging'))).toEqual([]);
});
