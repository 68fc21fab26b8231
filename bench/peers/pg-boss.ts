import pg from 'pg';
import { PgBoss } from 'pg-boss';
import type { Peer } from './peer.ts';

const QUEUE = 'bench';

/**
 * pg-boss with what its documentation offers for throughput: woken by NOTIFY instead of the poll every 2 s, batches,
 * and the next batch at once while they come full. Heartbeats of 10 s, the shortest, so that a crash is noticed before
 * the 15 min of its default.
 */
export const pgBoss: Peer = {
  async producer({ postgres }) {
    const boss = new PgBoss({ connectionString: postgres, max: 20, useListenNotify: true });
    boss.on('error', (error) => console.error(error));
    await boss.start();
    await boss.createQueue(QUEUE, { notify: true, heartbeatSeconds: 10 });
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
    const boss = new PgBoss({ connectionString: postgres, useListenNotify: true });
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
