import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalog } from '@tandem/contracts/catalog';
import { TransformImage } from '@tandem/contracts/media';
import { loadConfig } from '@tandem/runtime/config';
import { type TestS3, testS3 } from '@tandem/testing/s3';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { MediaConfig } from './config.js';
import { startMedia } from './start-media.js';

const PHOTO = join(import.meta.dirname, '../../../examples/photos/chelsea.png');

let s3: TestS3;
let tandem: TestTandem;
beforeAll(async () => {
  s3 = await testS3();
  tandem = await startTandem({
    catalog,
    env: { ...s3.env, S3_PREFIX: 'app' },
    services: { media: (env, ...rest) => startMedia(loadConfig(MediaConfig, env), ...rest) },
  });
});

test('an image goes to a bucket, is transformed from there, and its renditions come back from there', async () => {
  const photo = new Uint8Array(await readFile(PHOTO));
  const object = await tandem.upload(photo, 'chelsea.png');
  const job = await tandem.run(TransformImage, {
    source: { object },
    renditions: [
      { name: 'thumb', width: 64, format: 'webp' },
      { name: 'small', width: 128, format: 'jpeg' },
    ],
  });
  expect(job).toMatchObject({ status: 'succeeded', attempt: 1 });
  expect(await tandem.download(object)).toEqual(photo);
  for (const { id, sha256, width, format } of job.result!.renditions) {
    const bytes = await tandem.download(id);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    expect(await sharp(bytes).metadata()).toMatchObject({ width, format });
  }
  // Nowhere else: the source and two renditions, all below the prefix, and nothing staged.
  const files = await readdir(s3.bucketDir, { recursive: true, withFileTypes: true });
  const folders = files.filter((file) => file.isFile()).map((file) => file.parentPath.slice(s3.bucketDir.length));
  expect(folders).toHaveLength(3);
  for (const folder of folders) expect(folder).toMatch(/^\/app\/objects\//);
  expect(tandem.failures).toEqual([]);
});

test('a range of an object is read from the bucket', async () => {
  const owner = await tandem.newCaller();
  const id = await owner.upload(new TextEncoder().encode('0123456789'));
  const response = await owner.call(`/v1/objects/${id}`, { headers: { range: 'bytes=2-5' } });
  expect([response.status, await response.text()]).toEqual([206, '2345']);
});
