import { JetStreamApiCodes, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CommandDefinition } from '@tandem/contracts/command';
import { commandSubject, STREAMS } from '@tandem/contracts/subjects';

/**
 * When the oldest command of this type that the broker still holds was stored; undefined when it holds none. The stream
 * is a work queue, so whatever was stored before that has been acknowledged, or is lost.
 * Throws when the stream is missing.
 */
export async function oldestHeld(nc: NatsConnection, command: CommandDefinition): Promise<Date | undefined> {
  const manager = await jetstreamManager(nc);
  try {
    const query = { seq: 1, next_by_subj: commandSubject(command) };
    const message = await manager.streams.getMessage(STREAMS.commands.name, query);
    return message?.time;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.NoMessageFound) return undefined;
    throw error;
  }
}

/** Events that a durable reader of the event stream has not acknowledged yet. Throws when stream or reader is missing. */
export async function unreadEvents(nc: NatsConnection, durable: string): Promise<number> {
  const manager = await jetstreamManager(nc);
  const info = await manager.consumers.info(STREAMS.events.name, durable);
  return info.num_pending + info.num_ack_pending;
}
