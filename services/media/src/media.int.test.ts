import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { catalog } from '@tandem/contracts/catalog';
import { TransformImage } from '@tandem/contracts/media';
import { loadConfig } from '@tandem/runtime/config';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MediaConfig } from './config.js';
import { startMedia } from './start-media.js';

const PHOTO = join(import.meta.dirname, '../../../examples/photos/grace_hopper.jpg');
const THUMB = [{ name: 'thumb', width: 50 }];

const host = createServer((request, response) => {
  if (request.url === '/photo.jpg') createReadStream(PHOTO).pipe(response);
  else response.writeHead(404).end();
});
let tandem: TestTandem;
let port: number;

beforeAll(async () => {
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  port = (host.address() as AddressInfo).port;
  tandem = await startTandem({
    catalog,
    services: {
      media: (env, commands, logger, lifecycle) =>
        startMedia(loadConfig(MediaConfig, env), commands, logger, lifecycle),
    },
    env: { EGRESS_ALLOW: `127.0.0.1:${port}`, MEDIA_CONCURRENCY: '2' },
  });
});
afterAll(() => void host.close());

const transform = (source: object) => tandem.run(TransformImage, { source, renditions: THUMB });

describe('a source by URL', () => {
  test('is fetched by the worker', async () => {
    const { status, result } = await transform({ url: `http://127.0.0.1:${port}/photo.jpg` });
    expect(status).toBe('succeeded');
    expect(result).toMatchObject({ source: { width: 512, height: 600, format: 'jpeg' } });
    const thumb = await tandem.download(result!.renditions[0]!.id);
    expect(await sharp(thumb).metadata()).toMatchObject({ format: 'webp', width: 50, height: 59 });
  });

  test.each([
    ['that is private', 'http://127.0.0.1:1/photo.jpg', /not allowed/],
    ['of the metadata of a cloud', 'http://169.254.169.254/latest/meta-data/', /not allowed/],
  ])('%s fails the job at once, with its reason', async (_what, url, detail) => {
    const { status, error, attempt } = await transform({ url });
    expect([status, error?.code, attempt]).toEqual(['failed', 'source_unreachable', 1]);
    expect(error?.detail).toMatch(detail);
  });

  test('that leads to nothing says so', async () => {
    const { error } = await transform({ url: `http://127.0.0.1:${port}/other.jpg` });
    expect(error?.detail).toMatch(/answered 404.*Check the URL/);
  });
});

test('images that harm fail alone, each with its reason; their neighbours do not notice', async () => {
  const [good, bad] = await Promise.all([
    tandem.upload(await buffer(createReadStream(PHOTO))),
    tandem.upload(Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>`)),
  ]);
  const jobs = Array.from({ length: 12 }, (_, n) => transform({ object: n % 3 === 0 ? bad : good }));
  const ends = (await Promise.all(jobs)).map(({ status, error }) => error?.code ?? status);
  const expected = Array.from({ length: 12 }, (_, n) => (n % 3 === 0 ? 'image_unreadable' : 'succeeded'));
  expect(ends).toEqual(expected);
  expect(tandem.failures).toEqual([]);
});
