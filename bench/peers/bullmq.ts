import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { Peer, Servers } from './peer.ts';

const QUEUE = 'bench';
/** Its guide recommends 100 to 300 for jobs that wait for others. */
const CONCURRENCY = 100;

/** BullMQ on a Redis whose append-only file is synced as `fsync` says. Jobs that are done stay readable, as by default. */
function bullmq(fsync: 'everysec' | 'always'): Peer {
  const connectionTo = ({ redis }: Servers) => ({ host: '127.0.0.1', port: redis[fsync], maxRetriesPerRequest: null });
  return {
    async producer(servers) {
      const queue = new Queue(QUEUE, { connection: connectionTo(servers) });
      const redis = new Redis(connectionTo(servers));
      await queue.waitUntilReady();
      return {
        reset: async () => void (await redis.flushall()),
        add: (job) => queue.add('noop', job),
        addMany: (jobs) => queue.addBulk(jobs.map((data) => ({ name: 'noop', data }))),
        async isBusy() {
          const { waiting, active } = await queue.getJobCounts('waiting', 'active');
          return waiting! + active! > 0;
        },
      };
    },

    async worker(servers, hooks) {
      let worker: Worker | undefined;
      return {
        async start() {
          worker = new Worker(QUEUE, async () => hooks.run(), {
            connection: connectionTo(servers),
            concurrency: CONCURRENCY,
          });
          worker.on('completed', () => hooks.done());
          worker.on('error', (error) => console.error(error));
          await worker.waitUntilReady();
        },
        async stop() {
          await worker?.close();
        },
      };
    },
  };
}

/** At most one second of accepted jobs is lost in a power cut. */
export const everysec = bullmq('everysec');
/** As durable as the systems on PostgreSQL. */
export const always = bullmq('always');
