import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FilesystemStore } from './filesystem-store.js';
import { chunks, describeStore } from './store-contract.fixture.js';

let dir: string;
let store: FilesystemStore;
const staged = () => readdir(join(dir, 'staging'));

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-store-'));
  store = await FilesystemStore.open(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describeStore(async () => ({ store, staged }));

test('no key reaches a file outside the store', async () => {
  const segment = fc.constantFrom('..', '.', '', 'a', 'b', '~', '%2e%2e');
  await fc.assert(
    fc.asyncProperty(fc.array(segment, { maxLength: 6 }), async (segments) => {
      await store.write(segments.join('/'), Buffer.from('x')).catch(() => {});
      expect((await readdir(dir)).sort()).toEqual(['objects', 'staging']);
    }),
    { numRuns: 60, interruptAfterTimeLimit: 60_000 },
  );
});

test.each(['write', 'commit'])('a %s onto an object that is there makes it young again', async (way) => {
  await store.write('t/a', Buffer.from('x'));
  const path = await store.localFile('t/a');
  await utimes(path!, new Date(0), new Date(0));
  if (way === 'write') await store.write('t/a', Buffer.from('x'));
  else await (await store.stage(chunks(Buffer.from('x')), { maxBytes: 1 })).commit('t/a');
  for await (const { modifiedAt } of store.list()) expect(Date.now() - modifiedAt.getTime()).toBeLessThan(60_000);
});

test('names the file that holds an object, and none for what is missing', async () => {
  await store.write('t/a', Buffer.from('x'));
  expect(await readFile((await store.localFile('t/a'))!, 'utf8')).toBe('x');
  expect(await store.localFile('t/b')).toBeUndefined();
  expect(await store.localFile('t')).toBeUndefined();
});

test('removes day-old leftovers at start, and spares an upload that is under way', async () => {
  const [old, fresh] = [join(dir, 'staging', 'old'), join(dir, 'staging', 'fresh')];
  await Promise.all([writeFile(old, 'x'), writeFile(fresh, 'x')]);
  const longAgo = new Date(Date.now() - 25 * 3_600_000);
  await utimes(old, longAgo, longAgo);
  await FilesystemStore.open(dir);
  expect(await staged()).toEqual(['fresh']);
});

test('the ping of a store whose folder vanished rejects', async () => {
  await expect(store.ping()).resolves.toBeUndefined();
  await rm(dir, { recursive: true });
  await expect(store.ping()).rejects.toThrow('ENOENT');
});
