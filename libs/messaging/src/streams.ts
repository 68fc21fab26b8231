import {
  AckPolicy,
  type ConsumerConfig,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import type { CommandDefinition } from '@tandem/contracts/command';
import { commandSubject, durableName, LANES, STREAMS } from '@tandem/contracts/subjects';

/** How long a delivery may stay silent before JetStream gives it to another worker, in ms. */
export const ACK_WAIT_MS = 10_000;

const DAY_MS = 86_400_000;

/** How long a cancellation is remembered for the workers, in ms; a cancelled job's command is long gone by then. */
export const CANCELLATIONS_KEPT_MS = DAY_MS;

type StreamSettings = Pick<StreamConfig, 'name' | 'subjects' | 'retention' | 'storage' | 'discard' | 'max_bytes'> &
  Partial<StreamConfig>;

function settings(replicas: number): StreamSettings[] {
  return [
    {
      name: STREAMS.commands.name,
      subjects: [...STREAMS.commands.subjects],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      // `old` would silently drop unprocessed work; `new` refuses the publication and the ledger keeps the job.
      discard: DiscardPolicy.New,
      max_bytes: 8 * 1024 ** 3,
      duplicate_window: nanos(120_000),
      num_replicas: replicas,
    },
    {
      name: STREAMS.events.name,
      subjects: [...STREAMS.events.subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_bytes: 8 * 1024 ** 3,
      max_age: nanos(7 * DAY_MS),
      duplicate_window: nanos(120_000),
      num_replicas: replicas,
    },
    {
      name: STREAMS.control.name,
      subjects: [...STREAMS.control.subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_bytes: 256 * 1024 ** 2,
      max_age: nanos(CANCELLATIONS_KEPT_MS),
      num_replicas: replicas,
    },
    {
      name: STREAMS.parked.name,
      subjects: [...STREAMS.parked.subjects],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      // An event that finds no room here stays with its subscription and is tried again, rather than push out another.
      discard: DiscardPolicy.New,
      max_bytes: 1024 ** 3,
      max_age: nanos(14 * DAY_MS),
      duplicate_window: nanos(120_000),
      num_replicas: replicas,
    },
  ];
}

/**
 * Creates the streams that are missing and verifies those that exist.
 * Throws when a stream's subjects, retention, storage or discard policy differ from what Tandem relies on.
 */
export async function provisionStreams(nc: NatsConnection, replicas = 1): Promise<void> {
  const manager = await jetstreamManager(nc);
  for (const wanted of settings(replicas)) {
    const found = await streamConfig(manager, wanted.name);
    if (!found) await manager.streams.add(wanted);
    else verify(wanted, found);
  }
}

async function streamConfig(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound) return undefined;
    throw error;
  }
}

function verify(wanted: StreamSettings, found: StreamConfig): void {
  for (const key of ['subjects', 'retention', 'storage', 'discard'] as const) {
    if (JSON.stringify(found[key]) === JSON.stringify(wanted[key])) continue;
    throw new Error(
      `The stream ${wanted.name} has ${key} ${JSON.stringify(found[key])}, but Tandem needs ${JSON.stringify(wanted[key])}. ` +
        `Another program may own that name: give Tandem a NATS account of its own, or correct it with "nats stream edit".`,
    );
  }
}

/** Creates, or brings up to date, the durable consumers from which workers of `command` pull, one for each lane. */
export async function provisionCommandConsumers(nc: NatsConnection, command: CommandDefinition): Promise<void> {
  for (const lane of LANES) {
    await provisionConsumer(nc, STREAMS.commands.name, {
      durable_name: durableName(command, lane),
      filter_subject: commandSubject(command, lane),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      max_ack_pending: 20_000,
      // Unlimited: a message past `max_deliver` is neither removed nor reported to anybody but an advisory. The worker
      // itself ends a job that was delivered too often, so the last word is always an event.
      max_deliver: -1,
    });
  }
}

/** Creates or updates a durable consumer; the call is idempotent. */
export async function provisionConsumer(
  nc: NatsConnection,
  stream: string,
  config: Partial<ConsumerConfig> & { durable_name: string },
): Promise<void> {
  const manager = await jetstreamManager(nc);
  await manager.consumers.add(stream, config);
}
