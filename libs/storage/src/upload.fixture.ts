// A program: stages argv[2] bytes in the store that its environment names, commits them, and prints what it took as JSON.
import { createHash, randomBytes } from 'node:crypto';
import { loadConfig } from '@tandem/runtime/config';
import { z } from 'zod';
import { openStore } from './open-store.js';
import { completeStorage, storageSettings } from './storage-settings.js';

const size = Number(process.argv[2]);
const store = await openStore(loadConfig(z.object(storageSettings).superRefine(completeStorage), process.env));
const chunk = randomBytes(65_536);
const peakRss = () => process.resourceUsage().maxRSS * 1024;

async function* body(size: number) {
  for (let sent = 0; sent < size; sent += chunk.length) {
    // As from a socket, each chunk is memory of its own.
    yield Buffer.from(chunk.subarray(0, Math.min(chunk.length, size - sent)));
  }
}

// What a small upload leaves loaded is not the cost of a large one.
await (await store.stage(body(6_000_000), { maxBytes: 1e7 })).commit('t/small');
await store.remove('t/small');
const before = peakRss();
const begin = performance.now();
const staged = await store.stage(body(size), { maxBytes: size });
const stagedMs = performance.now() - begin;
await staged.commit('t/large');
const commitMs = performance.now() - begin - stagedMs;

const readBegin = performance.now();
const hash = createHash('sha256');
for await (const part of await store.read('t/large')) hash.update(part);
const readMs = performance.now() - readBegin;
const intact = hash.digest('hex') === staged.sha256 && (await store.size('t/large')) === size;
process.stdout.write(`${JSON.stringify({ before, peak: peakRss(), stagedMs, commitMs, readMs, intact })}\n`);
process.exit();
