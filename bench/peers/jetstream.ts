import {
  AckPolicy,
  type ConsumerMessages,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Payload, Peer } from './peer.ts';

const STREAM = 'BENCH';
const SUBJECT = 'bench.noop';

/**
 * The limit of what Tandem stands on: a work queue in files, publications with their acknowledgement, a pull consumer
 * that acknowledges each message. No ledger, so nobody can ask for a job's state, and no retries with a delay.
 */
export const bare: Peer = {
  async producer({ nats }) {
    const nc = await connect({ servers: nats, noAsyncTraces: true });
    const js = jetstream(nc);
    const manager = await jetstreamManager(nc);
    await manager.streams.add({
      name: STREAM,
      subjects: [SUBJECT],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
    });
    await manager.consumers.add(STREAM, {
      durable_name: STREAM,
      ack_policy: AckPolicy.Explicit,
      max_ack_pending: 20_000,
    });
    const add = (job: Payload) => js.publish(SUBJECT, JSON.stringify(job));
    return {
      reset: async () => void (await manager.streams.purge(STREAM)),
      add,
      addMany: (jobs) => Promise.all(jobs.map(add)),
      async isBusy() {
        const { num_pending, num_ack_pending } = await manager.consumers.info(STREAM, STREAM);
        return num_pending + num_ack_pending > 0;
      },
    };
  },

  async worker({ nats }, hooks) {
    const nc = await connect({ servers: nats, noAsyncTraces: true });
    let messages: ConsumerMessages | undefined;
    return {
      async start() {
        const consumer = await jetstream(nc).consumers.get(STREAM, STREAM);
        messages = await consumer.consume({ max_messages: 1_000 });
        void work(messages);
      },
      async stop() {
        await messages?.close();
        await nc.flush();
      },
    };

    async function work(pulled: ConsumerMessages): Promise<void> {
      for await (const message of pulled) {
        message.json();
        await hooks.run();
        message.ack();
        hooks.done();
      }
    }
  },
};
