// node peer-process.ts <file of peers> <export> <producer | worker>: one side of a job system, told what to do over IPC.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Payload, Peer, Producer, Servers } from './peers/peer.ts';
import { serveCalls } from './serve-calls.ts';

const [file, name, role] = process.argv.slice(2);
const module = await import(pathToFileURL(join(import.meta.dirname, 'peers', `${file}.ts`)).href);
const peer: Peer = module[name!];
const servers: Servers = JSON.parse(process.env.BENCH_SERVERS!);

// So that every JSON payload has 200 bytes.
const job: Payload = { payload: 'x'.repeat(200 - '{"payload":""}'.length) };

/** Milliseconds of the machine's monotonic clock, which all processes share. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** What the harness may call, by name. */
export type ProducerCalls = ReturnType<typeof producing>;

function producing(producer: Producer) {
  return {
    takesBatches: async () => producer.addMany !== undefined,
    reset: () => producer.reset(),
    /** Adds up to `count` jobs, `width` at a time, for at most `seconds`. */
    async add({ count, width, seconds = 60 }: { count: number; width: number; seconds?: number }) {
      const begin = now();
      let added = 0;
      const lane = async () => {
        while (added < count && now() - begin < seconds * 1_000) {
          added += 1;
          await producer.add(job);
        }
      };
      await Promise.all(Array.from({ length: width }, lane));
      return { added, perSecond: (added * 1_000) / (now() - begin) };
    },
    async addBatches({ count, size }: { count: number; size: number }) {
      const begin = now();
      for (let left = count; left > 0; left -= size) await producer.addMany!(Array(Math.min(size, left)).fill(job));
      return { added: count, perSecond: (count * 1_000) / (now() - begin) };
    },
    /** Adds one job; `end` is missing when the worker's word is what counts. */
    async addOne() {
      const begin = now();
      await (producer.addAndWait ?? producer.add)(job);
      return { begin, end: producer.addAndWait ? now() : undefined };
    },
    async untilDone() {
      while (await producer.isBusy()) await new Promise((resolve) => setTimeout(resolve, 20));
      return { at: now() };
    },
  };
}

/** What a worker does with its jobs: `tell` reports each one's end, `hold` never ends one. */
export type Mode = 'count' | 'tell' | 'hold';

async function working() {
  let mode: Mode = 'count';
  const worker = await peer.worker(servers, {
    run() {
      if (mode !== 'hold') return;
      process.send!({ event: 'began' });
      return new Promise<void>(() => undefined);
    },
    done() {
      if (mode === 'tell') process.send!({ event: 'done', at: now() });
    },
  });
  return {
    async start(wanted: Mode) {
      mode = wanted;
      const at = now();
      await worker.start();
      return { at };
    },
    stop: () => worker.stop(),
    async setMode(wanted: Mode) {
      mode = wanted;
    },
  };
}

/** What the harness may call of a worker. */
export type WorkerCalls = Awaited<ReturnType<typeof working>>;

const calls = role === 'producer' ? producing(await peer.producer(servers)) : await working();
serveCalls(calls);
