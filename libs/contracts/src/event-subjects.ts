import type { CommandDefinition } from './command.js';
import type { EventDefinition } from './event.js';
import { isFinal, JobReport, JobReported } from './job.js';

/** A declared event that is read on other subjects than its own `evt.<service>.<event>`. */
export interface SelectedEvent<E extends EventDefinition = EventDefinition>
  extends EventDefinition<E['type'], E['data']> {
  readonly subjects: readonly string[];
}

/** States that a worker reports. What the ledger itself ends, a job cancelled or expired before it ran, no worker reports. */
export type ReportedState = JobReport['state'];

/** The reported states after which a job never changes again. */
export const FINAL_REPORTS: readonly ReportedState[] = JobReport.shape.state.options.filter(isFinal);

/** `evt.<service>.<event>`. Throws a `TypeError` for reports of jobs, whose subjects {@link jobReports} selects. */
export function eventSubject(event: EventDefinition): string {
  if (event.type === JobReported.type)
    throw new TypeError('Reports of jobs have a subject for each command and state: select them with jobReports().');
  return `evt.${event.type}`;
}

/** Where a subscription finds an event. */
export function subjectsOf(event: EventDefinition | SelectedEvent): readonly string[] {
  return 'subjects' in event ? event.subjects : [eventSubject(event)];
}

/**
 * Reports of jobs, to subscribe to: of one command or of every one, and in the states named, by default the final ones.
 * `jobReports({ command: TransformImage, states: ['failed'] })`
 */
export function jobReports({
  command,
  states = FINAL_REPORTS,
}: {
  command?: CommandDefinition;
  states?: readonly ReportedState[];
} = {}): SelectedEvent<typeof JobReported> {
  const origin = command ? `${command.service}.${command.name}` : '*.*';
  return { ...JobReported, subjects: states.map((state) => `evt.job.${origin}.${state}`) };
}
