import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { loadConfig } from '@tandem/runtime/config';
import { freePort } from '@tandem/testing/free-port';
import { type TestS3, testS3 } from '@tandem/testing/s3';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openStore } from './open-store.js';
import { s3Client } from './s3-client.js';
import { copyObject } from './s3-copy.js';
import { removeStale } from './s3-stale.js';
import { S3Store } from './s3-store.js';
import { completeStorage, s3Settings, storageSettings } from './storage-settings.js';
import { chunks, describeStore } from './store-contract.fixture.js';

const Config = z.object(storageSettings).superRefine(completeStorage);
const Bucket = 'tandem';

let s3: TestS3;
beforeAll(async () => {
  s3 = await testS3();
});
const configOf = (settings: Record<string, string | undefined> = {}) => loadConfig(Config, { ...s3.env, ...settings });
const settingsOf = (settings?: Record<string, string>) => s3Settings(configOf(settings));

/** What lies in the staging folder of `Prefix`, unfinished uploads included. */
async function stagedIn(Prefix: string): Promise<string[]> {
  const client = s3Client(settingsOf());
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix }));
  return [...Contents, ...Uploads].map(({ Key }) => Key!);
}

describe.each([
  ['in the path', 'paths', true],
  ['in the host', 'hosts', false],
])('with the bucket %s', (_where, prefix, pathStyle) => {
  let count = 0;
  describeStore(
    async () => {
      count += 1;
      const S3_PREFIX = `${prefix}/${count}`;
      const settings = settingsOf({ S3_PREFIX, S3_PATH_STYLE: String(pathStyle) });
      if (pathStyle) return { store: await S3Store.open(settings), staged: () => stagedIn(`${S3_PREFIX}/staging/`) };
      // The host is bucket.s3.test, which no name server knows.
      const endpoint = settings.endpoint!.replace('127.0.0.1', 's3.test');
      const asked: string[] = [];
      const client = s3Client(
        { ...settings, endpoint },
        {
          lookup: (host, options, done) => {
            asked.push(host);
            if (options.all) done(null, [{ address: '127.0.0.1', family: 4 }]);
            else done(null, '127.0.0.1', 4);
          },
        },
      );
      const store = await S3Store.open(settings, client);
      expect(asked).toContain('tandem.s3.test');
      return { store, staged: () => stagedIn(`${S3_PREFIX}/staging/`) };
    },
    { runs: 15 },
  );
});

describe('an S3 store', () => {
  let store: S3Store;
  beforeEach(async () => {
    await rm(s3.bucketDir, { recursive: true });
    await mkdir(s3.bucketDir);
    store = await S3Store.open(settingsOf());
  });
  const age = (name: string) => utimes(join(s3.bucketDir, name), new Date(0), new Date(0));

  test.each(['write', 'commit'])('makes an object young again by a %s onto it', async (way) => {
    await store.write('t/a', Buffer.from('x'));
    await age('objects/t/a');
    if (way === 'write') await store.write('t/a', Buffer.from('x'));
    else await (await store.stage(chunks(Buffer.from('x')), { maxBytes: 1 })).commit('t/a');
    for await (const { modifiedAt } of store.list()) expect(Date.now() - modifiedAt.getTime()).toBeLessThan(60_000);
  });

  test('lists more objects than a page holds', async () => {
    const keys = Array.from({ length: 2_100 }, (_, i) => `t/${i}`);
    // The server serves the files of a folder.
    await mkdir(join(s3.bucketDir, 'objects/t'), { recursive: true });
    for (const key of keys) await writeFile(join(s3.bucketDir, 'objects', key), 'x');
    const found = [];
    for await (const { key } of store.list()) found.push(key);
    expect(found.sort()).toEqual(keys.sort());
  });

  test('has no local file to offer', async () => {
    await store.write('t/a', Buffer.from('x'));
    expect(await store.localFile('t/a')).toBeUndefined();
  });

  test('does not list what somebody else put between its objects', async () => {
    const client = s3Client(settingsOf());
    for (const Key of ['objects/100%', 'objects/a=ZZ', 'other/a']) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    }
    await store.write('t/a', Buffer.from('x'));
    const found = [];
    for await (const { key } of store.list()) found.push(key);
    expect(found).toEqual(['t/a']);
  });

  test('copies in parts what is too large for one request', async () => {
    const client = s3Client(settingsOf());
    const bytes = Buffer.alloc(12 * 1024 * 1024, 'abcdefghijklm');
    const from = { Bucket, Key: 'from' };
    await client.send(new PutObjectCommand({ ...from, Body: bytes }));
    await copyObject(client, from, { Bucket, Key: 'objects/t/a' }, bytes.length, 5 * 1024 * 1024);
    expect((await buffer(await store.read('t/a'))).equals(bytes)).toBe(true);
  });

  test('removes leftovers of crashed uploads at start, and spares those that are under way', async () => {
    const client = s3Client(settingsOf());
    const left = { Bucket, Key: 'staging/left' };
    await client.send(new PutObjectCommand({ ...left, Body: 'x' }));
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'staging/unfinished' }));
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'elsewhere' }));
    await S3Store.open(settingsOf());
    expect(await stagedIn('staging/')).toEqual(['staging/left', 'staging/unfinished']);
    await age('staging/left');
    await S3Store.open(settingsOf());
    expect(await stagedIn('staging/')).toEqual(['staging/unfinished']);
    // The server has no way to make an upload old, so the limit is in the future instead.
    await removeStale(client, { Bucket, Prefix: 'staging/' }, new Date(Date.now() + 60_000));
    expect(await stagedIn('staging/')).toEqual([]);
    expect(await stagedIn('elsewhere')).toEqual(['elsewhere']);
  });
});

describe('a store that cannot be used says which setting to mend', () => {
  test.each([
    [
      'a wrong secret',
      { S3_SECRET_ACCESS_KEY: 'wrong' },
      /^S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: .* refuses these keys/,
    ],
    [
      'a wrong key id',
      { S3_ACCESS_KEY_ID: 'nobody' },
      /^S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY: .* refuses these keys/,
    ],
    ['a bucket that is not there', { S3_BUCKET: 'other' }, /^S3_BUCKET: .* has no bucket other\. Create it/],
    ['another region', { S3_REGION: 'eu-central-1' }, /^S3_REGION: .* does not take eu-central-1/],
  ])('%s', async (_what, settings, message) => {
    const failure = await openStore(configOf(settings)).catch((error) => error);
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toContain(s3.env.S3_SECRET_ACCESS_KEY);
  });

  test('a server that is away', async () => {
    const settings = { S3_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
    await expect(openStore(configOf(settings))).rejects.toThrow(/^S3_ENDPOINT: .* does not answer \(ECONNREFUSED\)/);
  });

  test('settings that are missing, each by its name', () => {
    const names = ['S3_REGION', 'S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'];
    const settings = Object.fromEntries(names.map((name) => [name, undefined]));
    const lines = names.map((name) => `${name}: is required by STORAGE=s3: see docs/how-to/storage.md`);
    expect(() => configOf(settings)).toThrow(lines.join('\n'));
  });
});
