import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FilesystemStore } from './filesystem-store.js';
import { InvalidKey, ObjectMissing, ObjectTooLarge } from './object-store.js';
import { openStore } from './open-store.js';

let dir: string;
let store: FilesystemStore;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tandem-store-'));
  store = await FilesystemStore.open(dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function* chunks(...parts: Uint8Array[]) {
  yield* parts;
}
const staged = () => readdir(join(dir, 'staging'));
const stored = () => readdir(join(dir, 'objects'), { recursive: true });
const content = async (key: string, range?: { start: number; end: number }) => buffer(await store.read(key, range));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('staging', () => {
  test('counts, hashes and keeps the head of any body, however it is cut', async () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(300), async (body, headBytes) => {
        const whole = Buffer.concat(body);
        const object = await store.stage(chunks(...body), { maxBytes: whole.length, headBytes });
        expect(object).toMatchObject({ size: whole.length, sha256: sha256(whole) });
        expect(Buffer.from(object.head)).toEqual(whole.subarray(0, headBytes));
        const key = `t/${object.sha256}`;
        await object.commit(key);
        expect(await content(key)).toEqual(whole);
        expect(await store.size(key)).toBe(whole.length);
      }),
      { numRuns: 60 },
    );
    expect(await staged()).toEqual([]);
  });

  test('refuses one byte too many, stops reading and leaves nothing', async () => {
    let stopped = false;
    async function* endless() {
      try {
        while (true) yield new Uint8Array(64);
      } finally {
        stopped = true;
      }
    }
    const failure = await store.stage(endless(), { maxBytes: 1000 }).catch((error) => error);
    expect(failure).toBeInstanceOf(ObjectTooLarge);
    expect(failure.limit).toBe(1000);
    expect(stopped).toBe(true);
    expect(await staged()).toEqual([]);
  });

  test('leaves nothing when the body breaks off', async () => {
    async function* broken() {
      yield randomBytes(100);
      throw new Error('connection reset');
    }
    await expect(store.stage(broken(), { maxBytes: 1000 })).rejects.toThrow('connection reset');
    expect(await staged()).toEqual([]);
  });

  test('leaves nothing when it is aborted while the body is silent', async () => {
    const abort = new AbortController();
    async function* stalled() {
      yield randomBytes(100);
      setImmediate(() => abort.abort(new Error('client went away')));
      await new Promise(() => {});
    }
    await expect(store.stage(stalled(), { maxBytes: 1000, signal: abort.signal })).rejects.toThrow('client went away');
    expect(await staged()).toEqual([]);
  });

  test('does not start when it is aborted already', async () => {
    const staging = store.stage(chunks(randomBytes(1)), {
      maxBytes: 10,
      signal: AbortSignal.abort(new Error('too late')),
    });
    await expect(staging).rejects.toThrow('too late');
    expect(await staged()).toEqual([]);
  });

  test('leaves nothing when it is discarded, even twice', async () => {
    const object = await store.stage(chunks(randomBytes(10)), { maxBytes: 10 });
    await object.discard();
    await object.discard();
    expect(await staged()).toEqual([]);
    expect(await stored()).toEqual([]);
  });
});

describe('committing', () => {
  test('many at once of the same content under one key leave one whole object', async () => {
    const bytes = randomBytes(100_000);
    const objects = await Promise.all(Array.from({ length: 20 }, () => store.stage(chunks(bytes), { maxBytes: 1e6 })));
    await Promise.all(objects.map((object) => object.commit('t/ab/abc')));
    await Promise.all(Array.from({ length: 20 }, () => store.write('t/ab/abc', bytes)));
    expect(await content('t/ab/abc')).toEqual(bytes);
    expect(await staged()).toEqual([]);
  });

  test('twice is the same as once', async () => {
    const object = await store.stage(chunks(randomBytes(10)), { maxBytes: 10 });
    await object.commit('t/a');
    await object.commit('t/a');
    await object.discard();
    expect(await store.size('t/a')).toBe(10);
  });

  test('takes the place of a damaged object of another size', async () => {
    await store.write('t/a', randomBytes(3));
    await store.write('t/a', Buffer.from('whole'));
    expect((await content('t/a')).toString()).toBe('whole');
  });
});

describe('reading', () => {
  test('answers both ends of a range', async () => {
    await store.write('t/a', Buffer.from('0123456789'));
    expect((await content('t/a', { start: 2, end: 5 })).toString()).toBe('2345');
  });

  test('says that an object is missing before the stream starts', async () => {
    await store.write('t/a/b', Buffer.from('x'));
    for (const key of ['nobody', 't/a', 't/a/b/c']) {
      await expect(store.read(key)).rejects.toThrow(ObjectMissing);
      expect(await store.size(key)).toBeUndefined();
    }
  });

  test('removes once, and does not mind a second time', async () => {
    await store.write('t/a', Buffer.from('x'));
    await store.remove('t/a');
    await store.remove('t/a');
    expect(await store.size('t/a')).toBeUndefined();
  });
});

describe('keys', () => {
  const bad = [
    '',
    '/etc/passwd',
    '../a',
    'a/../../b',
    'a//b',
    'a/',
    './a',
    'a\0b',
    'a\\..\\b',
    'C:/a',
    'a\nb',
    '\ud800',
    'x'.repeat(256),
  ];

  test.each(bad)('refuses %j for every operation', async (key) => {
    const object = await store.stage(chunks(randomBytes(1)), { maxBytes: 10 });
    const operations = [
      object.commit(key),
      store.write(key, randomBytes(1)),
      store.read(key),
      store.size(key),
      store.remove(key),
    ];
    for (const outcome of await Promise.allSettled(operations)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(InvalidKey) });
    }
    expect(await stored()).toEqual([]);
  });

  test('never reach a file outside the store', async () => {
    const segment = fc.constantFrom('..', '.', '', 'a', 'b', '~', '%2e%2e');
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { maxLength: 6 }), async (segments) => {
        await store.write(segments.join('/'), Buffer.from('x')).catch(() => {});
        expect((await readdir(dir)).sort()).toEqual(['objects', 'staging']);
      }),
      { numRuns: 60 },
    );
  });
});

test('removes day-old leftovers at start, and spares an upload that is under way', async () => {
  const [old, fresh] = [join(dir, 'staging', 'old'), join(dir, 'staging', 'fresh')];
  await Promise.all([writeFile(old, 'x'), writeFile(fresh, 'x')]);
  const longAgo = new Date(Date.now() - 25 * 3_600_000);
  await utimes(old, longAgo, longAgo);
  await openStore({ dir });
  expect(await staged()).toEqual(['fresh']);
});

test('the ping of a store whose folder vanished rejects', async () => {
  await expect(store.ping()).resolves.toBeUndefined();
  await rm(dir, { recursive: true });
  await expect(store.ping()).rejects.toThrow('ENOENT');
});

describe('listing', () => {
  const keys = async (prefix?: string) => {
    const found = [];
    for await (const { key } of store.list(prefix)) found.push(key);
    return found.sort();
  };

  test('names every object with its size and time, and nothing that is only staged', async () => {
    await store.write('t/a/1', Buffer.from('one'));
    await store.stage(chunks(randomBytes(10)), { maxBytes: 10 });
    const found = [];
    for await (const object of store.list()) found.push(object);
    expect(found).toEqual([{ key: 't/a/1', size: 3, modifiedAt: expect.any(Date) }]);
    expect(Math.abs(found[0]!.modifiedAt.getTime() - Date.now())).toBeLessThan(60_000);
  });

  test('keeps to a prefix, which need not end at a segment', async () => {
    for (const key of ['t/ab/1', 't/ac/2', 't/b/3', 'u/a/4', 't/a']) await store.write(key, Buffer.from(key));
    expect(await keys('t/a')).toEqual(['t/a', 't/ab/1', 't/ac/2']);
    expect(await keys('t/ab/')).toEqual(['t/ab/1']);
    expect(await keys('nobody/x')).toEqual([]);
    expect(await keys()).toHaveLength(5);
    await expect(keys('../')).rejects.toThrow(InvalidKey);
  });
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
