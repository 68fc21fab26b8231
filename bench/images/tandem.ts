import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageResult } from '@tandem/contracts/media';
import { FilesystemStore } from '@tandem/storage/filesystem-store';
import type { ObjectStore } from '@tandem/storage/object-store';
import { Client, post } from '../load.ts';
import { type Stack, startStack } from '../stack.ts';
import { type Contestant, timed } from './contestant.ts';
import type { Source } from './tasks.ts';

const CORES = availableParallelism();

/** A Tandem with the media service, and the sources in its object store. */
export interface ImageTandem {
  stack: Stack;
  store: ObjectStore;
  /** Ids of the uploaded sources, by file. */
  objects: Map<string, string>;
}

/** Starts it and uploads the sources. `presets` are there for every tenant. */
export async function openImageTandem(sources: Source[], presets: object): Promise<ImageTandem> {
  const folder = await mkdtemp(join(tmpdir(), 'tandem-presets-'));
  const presetsFile = join(folder, 'presets.json');
  await writeFile(presetsFile, JSON.stringify(presets));
  const env = { PRESETS_FILE: presetsFile };
  const stack = await startStack({ probeWorker: false, media: {}, env }).finally(() => rm(folder, { recursive: true }));
  const objects = new Map<string, string>();
  for (const { file, path } of sources) objects.set(file, await upload(stack, await readFile(path)));
  return { stack, store: await FilesystemStore.open(stack.storageDir), objects };
}

/** Stores bytes through the gateway; answers the id. */
export async function upload(stack: Stack, bytes: Buffer<ArrayBuffer>): Promise<string> {
  const headers = { authorization: `Bearer ${stack.token}`, 'content-type': 'application/octet-stream' };
  const response = await fetch(`${stack.url}/v1/objects`, { method: 'POST', headers, body: bytes });
  if (response.status !== 201) throw new Error(`the upload was answered ${response.status} ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

/** Images by jobs: from the request to its answer, `times` as many at once as there are cores. */
export function tandemJobs(
  { stack, store, objects }: ImageTandem,
  { key, name, times, placeholders }: { key: string; name: string; times: number; placeholders: boolean },
): Contestant {
  const { gateway, media, postgres, nats } = stack.pids;
  const run = async (client: Client, { task, file }: Source): Promise<ImageResult> => {
    const { width, height, format, quality } = task;
    const renditions = [{ name: 'image', width, height, fit: 'inside', format, ...(quality && { quality }) }];
    const input = { source: { object: objects.get(file) }, renditions, ...(!placeholders && { placeholders }) };
    const headers = { authorization: `Bearer ${stack.token}`, prefer: 'wait=60' };
    const status = await client.send(post('/v1/media/transform', JSON.stringify(input), headers));
    const job = status === '200' ? JSON.parse(client.body) : undefined;
    if (job?.status !== 'succeeded') throw new Error(`the job was answered ${status}: ${client.body.slice(0, 500)}`);
    return job.result.renditions[0];
  };
  // A result is stored by its content: while it is there, the next one alike would not be written.
  const make = async (client: Client, source: Source) => store.remove((await run(client, source)).key);
  return {
    key,
    name,
    inFlight: times * CORES,
    pids: { gateway, media: media!, postgres, nats },
    async round(sources) {
      const clients = await Promise.all(Array.from({ length: times * CORES }, () => Client.open(stack.url)));
      try {
        return await timed(sources, clients, (source, client) => make(client, source));
      } finally {
        for (const client of clients) client.close();
      }
    },
    async picture(source) {
      const client = await Client.open(stack.url);
      const { id } = await run(client, source);
      client.close();
      const headers = { authorization: `Bearer ${stack.token}` };
      const response = await fetch(`${stack.url}/v1/objects/${id}`, { headers });
      if (!response.ok) throw new Error(`the result was answered ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
    stop: async () => {},
  };
}
