import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { InvalidKey, ObjectMissing, type ObjectStore, ObjectTooLarge } from './object-store.js';

/** A store under test, empty at the start of each test. */
export interface StoreUnderTest {
  store: ObjectStore;
  /** Names of what is staged, unfinished uploads included. */
  staged(): Promise<string[]>;
}

/** Chunks as a body of an upload. */
export async function* chunks(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

/** The SHA-256 of `bytes` in hex. */
export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Longer than a part of an upload to S3, so that it is under way when the body ends badly. */
const PART = 5 * 1024 * 1024;
const LONG = 2 * PART + 1234;

/** What every store does, whatever holds its bytes. */
export function describeStore(open: () => Promise<StoreUnderTest>, { runs = 60 } = {}): void {
  let store: ObjectStore;
  let staged: StoreUnderTest['staged'];
  beforeEach(async () => {
    ({ store, staged } = await open());
  });
  const content = async (key: string, range?: { start: number; end: number }) => buffer(await store.read(key, range));
  const keys = async (prefix?: string) => {
    const found = [];
    for await (const { key } of store.list(prefix)) found.push(key);
    return found.sort();
  };

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
        { numRuns: runs, interruptAfterTimeLimit: 60_000 },
      );
      expect(await staged()).toEqual([]);
    });

    test.each([PART - 1, PART, PART + 1, LONG])(
      'keeps every byte of a body of %i, in chunks of odd sizes',
      async (size) => {
        const whole = randomBytes(size);
        const cuts = [0, 1, 70_000, PART - 3, PART + 1, size].filter((at) => at <= size).sort((a, b) => a - b);
        const body = cuts.map((at, i) => whole.subarray(at, cuts[i + 1]));
        const object = await store.stage(chunks(...body), { maxBytes: size });
        await object.commit('t/long');
        expect(sha256(await content('t/long'))).toBe(sha256(whole));
        expect(object.sha256).toBe(sha256(whole));
        expect(await staged()).toEqual([]);
      },
    );

    test.each([1000, LONG])('refuses one byte more than %i, stops reading and leaves nothing', async (maxBytes) => {
      let stopped = false;
      async function* endless() {
        try {
          while (true) yield new Uint8Array(maxBytes / 4);
        } finally {
          stopped = true;
        }
      }
      const failure = await store.stage(endless(), { maxBytes }).catch((error) => error);
      expect(failure).toBeInstanceOf(ObjectTooLarge);
      expect(failure.limit).toBe(maxBytes);
      expect(stopped).toBe(true);
      expect(await staged()).toEqual([]);
    });

    test.each([100, LONG])('leaves nothing when the body breaks off after %i bytes', async (size) => {
      async function* broken() {
        yield randomBytes(size);
        throw new Error('connection reset');
      }
      await expect(store.stage(broken(), { maxBytes: 1e9 })).rejects.toThrow('connection reset');
      expect(await staged()).toEqual([]);
    });

    test.each([100, LONG])(
      'leaves nothing when it is aborted while the body is silent after %i bytes',
      async (size) => {
        const abort = new AbortController();
        async function* stalled() {
          yield randomBytes(size);
          setImmediate(() => abort.abort(new Error('client went away')));
          await new Promise(() => {});
        }
        await expect(store.stage(stalled(), { maxBytes: 1e9, signal: abort.signal })).rejects.toThrow(
          'client went away',
        );
        expect(await staged()).toEqual([]);
      },
    );

    test('does not start when it is aborted already', async () => {
      const signal = AbortSignal.abort(new Error('too late'));
      await expect(store.stage(chunks(randomBytes(1)), { maxBytes: 10, signal })).rejects.toThrow('too late');
      expect(await staged()).toEqual([]);
    });

    test('leaves nothing when it is discarded, even twice', async () => {
      const object = await store.stage(chunks(randomBytes(10)), { maxBytes: 10 });
      await object.discard();
      await object.discard();
      expect(await staged()).toEqual([]);
      expect(await keys()).toEqual([]);
    });
  });

  describe('committing', () => {
    test('many at once of the same content under one key leaves one whole object', async () => {
      const bytes = randomBytes(100_000);
      const objects = await Promise.all(
        Array.from({ length: 20 }, () => store.stage(chunks(bytes), { maxBytes: 1e6 })),
      );
      await Promise.all(objects.map((object) => object.commit('t/ab/abc')));
      await Promise.all(Array.from({ length: 20 }, () => store.write('t/ab/abc', bytes)));
      expect(await content('t/ab/abc')).toEqual(bytes);
      expect(await keys()).toEqual(['t/ab/abc']);
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
      await (await store.stage(chunks(Buffer.from('again')), { maxBytes: 5 })).commit('t/a');
      await (await store.stage(chunks(Buffer.from('longer')), { maxBytes: 6 })).commit('t/a');
      expect((await content('t/a')).toString()).toBe('longer');
    });
  });

  describe('reading', () => {
    test('answers both ends of a range, and nothing beyond the end', async () => {
      await store.write('t/a', Buffer.from('0123456789'));
      expect((await content('t/a', { start: 2, end: 5 })).toString()).toBe('2345');
      expect((await content('t/a', { start: 0, end: 0 })).toString()).toBe('0');
      expect((await content('t/a', { start: 8, end: 99 })).toString()).toBe('89');
      expect((await content('t/a', { start: 10, end: 12 })).toString()).toBe('');
    });

    test('says that an object is missing before the stream starts', async () => {
      await store.write('t/a/b', Buffer.from('x'));
      for (const key of ['nobody', 't/a', 't/a/b/c']) {
        await expect(store.read(key)).rejects.toThrow(ObjectMissing);
        expect(await store.size(key)).toBeUndefined();
      }
    });

    test('takes a reader that goes away in the middle', async () => {
      const bytes = randomBytes(LONG);
      await store.write('t/a', bytes);
      for await (const chunk of await store.read('t/a')) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
      expect(sha256(await content('t/a'))).toBe(sha256(bytes));
    });

    test('removes once, and does not mind a second time', async () => {
      await store.write('t/a', Buffer.from('x'));
      await store.remove('t/a');
      await store.remove('t/a');
      expect(await store.size('t/a')).toBeUndefined();
    });

    test('removes what is older than asked for only, and takes what is not there for removed', async () => {
      await store.write('t/a', Buffer.from('x'));
      const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
      expect(await store.removeOlder('t/a', inHours(-1))).toBe(false);
      expect(await store.size('t/a')).toBe(1);
      expect(await store.removeOlder('t/a', inHours(1))).toBe(true);
      expect(await store.size('t/a')).toBeUndefined();
      expect(await store.removeOlder('t/a', inHours(1))).toBe(true);
    });
  });

  describe('listing', () => {
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

    test('names a tenant called like a folder of ours', async () => {
      await store.write('staging/ab/1', Buffer.from('x'));
      await store.write('objects/ab/1', Buffer.from('x'));
      expect(await keys()).toEqual(['objects/ab/1', 'staging/ab/1']);
      expect(await keys('staging/')).toEqual(['staging/ab/1']);
    });
  });

  test.each(['écoles/Ümläut/日本語', 'auth0%7C12/ab/cd', "a b+c=d&e'f(g)h!i*j~k", '😀/%', 'a?b#c/d;e@f,g$h'])(
    'keeps an object under the key %s',
    async (key) => {
      const object = await store.stage(chunks(Buffer.from(key)), { maxBytes: 100 });
      await object.commit(key);
      expect((await content(key)).toString()).toBe(key);
      expect(await keys()).toEqual([key]);
      expect(await keys(key.slice(0, 1) === '😀'.slice(0, 1) ? '😀' : key.slice(0, 1))).toEqual([key]);
      await store.remove(key);
      expect(await keys()).toEqual([]);
    },
  );

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
  ];

  test.each([...bad, 'x'.repeat(256)])('refuses the key %j for every operation', async (key) => {
    const object = await store.stage(chunks(randomBytes(1)), { maxBytes: 10 });
    const operations = [
      object.commit(key),
      store.write(key, randomBytes(1)),
      store.read(key),
      store.size(key),
      store.remove(key),
      store.localFile(key),
    ];
    for (const outcome of await Promise.allSettled(operations)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(InvalidKey) });
    }
    await object.discard();
    expect(await keys()).toEqual([]);
  });
}
