import { EventEmitter } from 'node:events';
import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker';
import pg from 'pg';
import type { Peer } from './peer.ts';

const TASK = 'bench';
// The settings of its page on performance.
const CONCURRENCY = 24;
const POOL = 25;
const BATCHED = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };

const logger = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message);
});

/** graphile-worker; it removes jobs that are done. */
function graphileWorker(batching: object): Peer {
  return {
    async producer({ postgres }) {
      const pool = new pg.Pool({ connectionString: postgres, max: 20 });
      pool.on('error', (error) => console.error(error));
      pool.on('connect', (client) => client.on('error', (error) => console.error(error)));
      const utils = await makeWorkerUtils({ pgPool: pool, preset: { worker: { logger } } });
      await utils.migrate();
      return {
        reset: async () => void (await pool.query('TRUNCATE graphile_worker._private_jobs')),
        add: (job) => utils.addJob(TASK, job),
        addMany: (jobs) => utils.addJobs(jobs.map((payload) => ({ identifier: TASK, payload }))),
        async isBusy() {
          const { rows } = await pool.query<{ busy: boolean }>(
            'SELECT EXISTS (SELECT FROM graphile_worker._private_jobs) AS busy',
          );
          return rows[0]!.busy;
        },
      };
    },

    async worker({ postgres }, hooks) {
      const events = new EventEmitter();
      events.on('job:complete', () => hooks.done());
      let runner: Runner | undefined;
      return {
        async start() {
          const worker = { connectionString: postgres, concurrentJobs: CONCURRENCY, maxPoolSize: POOL, logger };
          runner = await run({
            preset: { worker: { ...worker, ...batching } },
            events,
            noHandleSignals: true,
            taskList: { [TASK]: async () => hooks.run() },
          });
        },
        async stop() {
          await runner?.stop();
        },
      };
    },
  };
}

/** Each job is fetched and completed by a query of its own, the default. */
export const single = graphileWorker({});
/** Jobs are fetched 500 at a time, and completed together. */
export const batched = graphileWorker(BATCHED);
