import { randomUUID } from 'node:crypto';
import { connectNats } from '@tandem/messaging/connection';
import { createLogger } from '@tandem/telemetry/logger';
import { startTracing } from '@tandem/telemetry/tracing';
import pg from 'pg';
import pino from 'pino';
import { startBenchWorker } from '../bench-worker.ts';
import { Bench } from '../commands.ts';
import { emptyLedger } from '../empty-ledger.ts';
import { Client, post } from '../load.ts';
import type { Payload, Peer } from './peer.ts';

const CONCURRENCY = 100;

/**
 * Tandem as its callers use it: the producer only writes HTTP requests; the gateway, a process of its own, checks the
 * token, stores the job in the ledger and publishes it. A job is done when its final state stands in the ledger.
 */
export const tandem: Peer = {
  async producer({ postgres, gateway: { url, token } }) {
    const ledger = new pg.Pool({ connectionString: postgres, max: 1 });
    const idle: Client[] = [];
    const headers = { authorization: `Bearer ${token}` };
    const send = async (request: string, wanted: string) => {
      let client = idle.pop();
      while (client && !client.isOpen) client = idle.pop();
      client ??= await Client.open(url);
      const status = await client.send(request);
      idle.push(client);
      if (status !== wanted) throw new Error(`Tandem answered ${status}`);
    };
    const batch = (jobs: Payload[]) => {
      const lines = jobs.map((input) => JSON.stringify({ command: Bench.type, input }));
      return post('/v1/batches', lines.join('\n'), { ...headers, 'content-type': 'application/x-ndjson' });
    };
    const probe = await Client.open(url);
    const takesBatches = (await probe.send(batch([{ payload: randomUUID() }]))) === '202';
    probe.close();
    return {
      reset: () => emptyLedger(ledger),
      add: (job) => send(post('/v1/bench/run', JSON.stringify(job), headers), '202'),
      addAndWait: (job) => send(post('/v1/bench/run', JSON.stringify(job), { ...headers, prefer: 'wait=30' }), '200'),
      addMany: takesBatches ? (jobs) => send(batch(jobs), '202') : undefined,
      async isBusy() {
        const { rows } = await ledger.query<{ busy: boolean }>(
          `SELECT EXISTS (SELECT FROM gateway.jobs WHERE status <> 'succeeded') AS busy`,
        );
        return rows[0]!.busy;
      },
    };
  },

  async worker({ nats }, hooks) {
    const log = createLogger('worker', pino.destination(2));
    startTracing('worker');
    const connection = await connectNats(nats, 'worker');
    let drain: (() => Promise<void>) | undefined;
    return {
      async start() {
        drain = await startBenchWorker(connection, log, {
          concurrency: CONCURRENCY,
          async handler() {
            await hooks.run();
            hooks.done(); // some ms too soon, for the measure of recovery; all others ask the ledger
            return {};
          },
        });
      },
      async stop() {
        await drain?.();
      },
    };
  },
};
