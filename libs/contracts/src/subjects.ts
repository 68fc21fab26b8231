import type { CommandDefinition } from './command.js';

/** Priority lanes of a command, fastest first. */
export const LANES = ['high', 'normal', 'low'] as const;
export type Lane = (typeof LANES)[number];

/** JetStream streams: names and the subjects that they capture. */
export const STREAMS = {
  commands: { name: 'COMMANDS', subjects: ['cmd.>'] },
  events: { name: 'EVENTS', subjects: ['evt.>'] },
  control: { name: 'CONTROL', subjects: ['ctl.>'] },
  parked: { name: 'PARKED', subjects: ['parked.>'] },
} as const;

/** `cmd.<service>.<command>.<lane>` */
export function commandSubject(command: CommandDefinition, lane: Lane = 'normal'): string {
  return `cmd.${command.service}.${command.name}.${lane}`;
}

/** Name of the durable consumer that workers of a command share, one for each lane. */
export function durableName(command: CommandDefinition, lane: Lane = 'normal'): string {
  return `${command.service}_${command.name}_${lane}`;
}

/** What every lane of a command matches. */
export function commandSubjects(command: CommandDefinition): string {
  return `cmd.${command.service}.${command.name}.*`;
}

/** Subject on which workers hear that a job is cancelled. */
export function cancelSubject(jobId: string): string {
  return `ctl.cancel.${jobId}`;
}

/** Every cancellation, for the workers. */
export const ALL_CANCELLATIONS = 'ctl.cancel.*';

/** Core NATS subject on which workers of a command hear that it is paused and hand back what has not begun. */
export function pauseSubject(command: CommandDefinition): string {
  return `live.paused.${command.service}.${command.name}`;
}

/** `evt.job.<service>.<command>.<state>` */
export function jobEventSubject(command: CommandDefinition, state: string): string {
  return `evt.job.${command.service}.${command.name}.${state}`;
}

/** Every job event, for the ledger's consumer. */
export const ALL_JOB_EVENTS = 'evt.job.>';

/** Core NATS subject on which followers of one job hear its steps and progress. */
export function liveSubject(jobId: string): string {
  return `live.job.${jobId}`;
}

/** REST route of a command: `/v1/<service>/<command>`. */
export function commandRoute(command: CommandDefinition): string {
  return `/v1/${command.service}/${command.name}`;
}
