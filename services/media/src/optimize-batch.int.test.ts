import { join } from 'node:path';
import { catalog } from '@tandem/contracts/catalog';
import { InspectImage, OptimizeImage } from '@tandem/contracts/media';
import { loadConfig } from '@tandem/runtime/config';
import type { Caller, JobOf } from '@tandem/testing/caller';
import { eventually } from '@tandem/testing/eventually';
import { startTandem, type TestTandem } from '@tandem/testing/start-tandem';
import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { MediaConfig } from './config.js';
import { startMedia } from './start-media.js';

const PHOTO = join(import.meta.dirname, '../../../examples/photos/coffee.png');

let tandem: TestTandem;
beforeAll(async () => {
  tandem = await startTandem({
    catalog,
    services: { media: (env, ...rest) => startMedia(loadConfig(MediaConfig, env), ...rest) },
  });
});

const photo = (width: number) => sharp(PHOTO).resize(width);

test('a batch of 50 images is made smaller, each in its own format', async () => {
  const caller = await tandem.newCaller();
  const formats = ['jpeg', 'png', 'webp', 'gif', 'jpeg'] as const;
  const jobs = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const format = formats[index % formats.length]!;
      const make = photo(60 + index).toFormat(format, { quality: 98, effort: 1, compressionLevel: 1 });
      const bytes = Uint8Array.from(await make.toBuffer());
      const object = await caller.upload(bytes, `image-${index}`);
      return { command: OptimizeImage.type, input: { source: { object } } };
    }),
  );
  const batch = await postBatch(caller, jobs);
  const end = await eventually(
    async () => {
      const { finished, total, counts } = await read<Record<'finished' | 'total' | 'counts', unknown>>(
        caller,
        `/v1/batches/${batch}`,
      );
      expect(finished).toBe(total);
      return counts;
    },
    { timeoutMs: 100_000 },
  );
  expect(end).toMatchObject({ succeeded: 50, failed: 0 });
  const { jobs: ended } = await read<{ jobs: JobOf<typeof OptimizeImage>[] }>(
    caller,
    `/v1/jobs?batch=${batch}&limit=100`,
  );
  const images = ended.flatMap(({ result }) => (result?.image ? [{ ...result, image: result.image }] : []));
  expect(images.length).toBeGreaterThan(30);
  const { source, image, saved } = images[0]!;
  expect((await caller.download(image.id)).length).toBe(image.size);
  expect(saved.bytes).toBe(source.size - image.size);
});

test('what an image is may be asked by one who may read, and by nobody else', async () => {
  const reader = await tandem.newCaller({ app_metadata: { scopes: ['media:read', 'jobs:read', 'objects:write'] } });
  const object = await reader.upload(Uint8Array.from(await photo(90).jpeg().toBuffer()));
  expect((await reader.run(InspectImage, { source: { object } })).result).toMatchObject({ format: 'jpeg', width: 90 });
  const optimizing = reader.submit(OptimizeImage, { source: { object } });
  await expect(optimizing).rejects.toMatchObject({ status: 403 });
  const writer = await tandem.newCaller({ app_metadata: { scopes: ['media:write'] } });
  await expect(writer.submit(InspectImage, { source: { object } })).rejects.toMatchObject({ status: 403 });
});

async function postBatch(caller: Caller, jobs: object[]): Promise<string> {
  const response = await caller.call('/v1/batches', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jobs }),
  });
  return ((await response.json()) as { id: string }).id;
}

async function read<T>(caller: Caller, path: string): Promise<T> {
  return (await (await caller.call(path)).json()) as T;
}
