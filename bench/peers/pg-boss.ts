import pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Peer } from './peer.ts';

const QUEUE = 'bench';

/**
 * pg-boss with what its documentation offers for throughput: batches, and the next one at once while they come full.
 * Its default is one job every 2 s. Heartbeats of 10 s, the shortest, so that a crash is noticed before the 15 min of its
 * default.
 */
function pgBoss({ notify }: { notify: boolean }): Peer {
  return {
    async producer({ postgres }) {
      const boss = new PgBoss({ connectionString: postgres, max: 20, useListenNotify: notify });
      boss.on('error', (error) => console.error(error));
      await boss.start();
      await boss.createQueue(QUEUE, { notify, heartbeatSeconds: 10 });
      const pool = new pg.Pool({ connectionString: postgres, max: 1 });
      return {
        reset: () => boss.deleteAllJobs(QUEUE),
        add: (job) => boss.send(QUEUE, job),
        addMany: (jobs) =>
          boss.insert(
            QUEUE,
            jobs.map((data) => ({ data })),
          ),
        async isBusy() {
          const { rows } = await pool.query<{ busy: boolean }>(
            `SELECT EXISTS (SELECT FROM pgboss.job WHERE name = '${QUEUE}' AND state < 'completed') AS busy`,
          );
          return rows[0]!.busy;
        },
      };
    },

    async worker({ postgres }, hooks) {
      const boss = new PgBoss({ connectionString: postgres, useListenNotify: notify });
      boss.on('error', (error) => console.error(error));
      await boss.start();
      return {
        async start() {
          const options = { batchSize: 500, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5 };
          await boss.work(QUEUE, options, async (jobs) => {
            await Promise.all(jobs.map(() => hooks.run()));
            for (const _ of jobs) hooks.done(); // too soon: it tells nobody when it has stored that they are done
          });
        },
        stop: () => boss.offWork(QUEUE),
      };
    },
  };
}

/** Polls every half second, the shortest. */
export const polling = pgBoss({ notify: false });
/** A NOTIFY with every job wakes the worker; PostgreSQL commits such transactions one after the other. */
export const notified = pgBoss({ notify: true });
