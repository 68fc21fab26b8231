import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CommandDefinition } from '@tandem/contracts/command';
import { commandSubjects, STREAMS } from '@tandem/contracts/subjects';

/**
 * When the oldest command of this type that the broker still holds was stored; undefined when it holds none. The stream
 * is a work queue, so whatever was stored before that has been acknowledged, or is lost.
 * Throws when the stream is missing.
 */
export async function oldestHeld(nc: NatsConnection, command: CommandDefinition): Promise<Date | undefined> {
  const manager = await jetstreamManager(nc);
  try {
    const query = { seq: 1, next_by_subj: commandSubjects(command) };
    const message = await manager.streams.getMessage(STREAMS.commands.name, query);
    return message?.time;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.NoMessageFound) return undefined;
    throw error;
  }
}

/** Sequence of the newest event that is stored. Throws when the stream is missing. */
export async function newestEvent(nc: NatsConnection): Promise<number> {
  const manager = await jetstreamManager(nc);
  return (await manager.streams.info(STREAMS.events.name)).state.last_seq;
}

/** True when a durable reader has acknowledged every event up to `sequence`. Throws when stream or reader is missing. */
export async function hasRead(nc: NatsConnection, durable: string, sequence: number): Promise<boolean> {
  const manager = await jetstreamManager(nc);
  const info = await manager.consumers.info(STREAMS.events.name, durable);
  return info.num_pending + info.num_ack_pending === 0 || info.ack_floor.stream_seq >= sequence;
}
