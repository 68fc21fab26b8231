import { randomUUID } from 'node:crypto';
import { FakeStorage } from '@tandem/testing/supabase-storage';
import { expect, test } from 'vitest';
import { Api, resultOf } from './api.js';
import { Cluster } from './cluster.js';
import { photo } from './images.js';

test('an image goes from Supabase Storage through a worker and back, as its owner', async () => {
  const cluster = await Cluster.start();
  const storage = await FakeStorage.start(cluster.issuer.jwksUrl);
  cluster.set({ SUPABASE_URL: storage.url });
  const gateway = await cluster.startGateway();
  const media = await cluster.startMedia();
  const user = randomUUID();
  const token = await cluster.issuer.token({ sub: user });
  const api = new Api(cluster.url, token);
  storage.files.set(`photos/${user}/in.jpg`, { bytes: Buffer.from(photo()), type: 'image/jpeg' });

  const renditions = [
    { name: 'thumb', width: 100, format: 'jpeg' },
    { name: 'page', width: 300 },
  ];
  const { id } = await api.submit(
    'media.transform',
    {
      source: { supabase: { bucket: 'photos', path: `${user}/in.jpg` } },
      renditions,
      store: { supabase: { bucket: 'photos', path: `${user}/out` } },
    },
    {},
  );
  const job = await api.ended(id);
  expect(job.error).toBeUndefined();
  const results = resultOf(job).renditions;
  for (const [name, type] of [
    ['thumb.jpg', 'image/jpeg'],
    ['page.webp', 'image/webp'],
  ]) {
    const file = storage.files.get(`photos/${user}/out/${name}`);
    expect([file?.type, file?.bytes.length]).toEqual([type, results.find((one) => name!.startsWith(one.name))?.size]);
  }
  expect(JSON.stringify(job)).not.toContain('token=');
  for (const log of [gateway.log(), media.log()]) {
    expect(log).not.toContain(token);
    expect(log).not.toContain('token=');
  }
});
