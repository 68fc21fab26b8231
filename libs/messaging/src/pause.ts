import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { CommandDefinition } from '@tandem/contracts/command';
import { durableName, LANES, pauseSubject, STREAMS } from '@tandem/contracts/subjects';

/** JetStream pauses until a time; this one is far enough. */
const FOR_EVER = new Date('2100-01-01T00:00:00Z');

/** Stops the delivery of a command's jobs, in every lane. Repeating it changes nothing. */
export async function pauseConsumers(nc: NatsConnection, command: CommandDefinition): Promise<void> {
  await changeConsumers(nc, command, true);
}

/** Lets the jobs of a command be delivered again. Repeating it changes nothing. */
export async function resumeConsumers(nc: NatsConnection, command: CommandDefinition): Promise<void> {
  await changeConsumers(nc, command, false);
}

/** Asks the workers of a command to hand back what they hold and have not begun. */
export function handBack(nc: NatsConnection, command: CommandDefinition): void {
  nc.publish(pauseSubject(command));
}

async function changeConsumers(nc: NatsConnection, command: CommandDefinition, paused: boolean): Promise<void> {
  const { consumers } = await jetstreamManager(nc);
  for (const lane of LANES) {
    const info = await consumers.info(STREAMS.commands.name, durableName(command, lane));
    if ((info.paused ?? false) === paused) continue;
    if (paused) await consumers.pause(STREAMS.commands.name, durableName(command, lane), FOR_EVER);
    else await consumers.resume(STREAMS.commands.name, durableName(command, lane));
  }
}
