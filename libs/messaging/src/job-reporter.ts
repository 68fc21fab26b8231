import { headers, type NatsConnection } from '@nats-io/transport-node';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { CommandEnvelope, Envelope } from '@tandem/contracts/envelope';
import { type JobProgress, type JobReport, JobReported, type LiveMessage } from '@tandem/contracts/job';
import { jobEventSubject, liveSubject } from '@tandem/contracts/subjects';
import { injectTrace } from '@tandem/telemetry/propagation';
import { atEndOfTurn } from './end-of-turn.js';
import { StoredPublisher } from './stored-publisher.js';

/** What a run says of itself, and to whom: the ledger and the followers. */
export type JobReports = Pick<JobReporter, 'started' | 'ended' | 'progress'>;

/** Tells the ledger, through the event stream, what becomes of a job. */
export class JobReporter {
  readonly #publisher: StoredPublisher;

  constructor(private readonly nc: NatsConnection) {
    this.#publisher = new StoredPublisher(nc);
  }

  /** Announces that a run began. Not confirmed: the report of its end carries the start time too. */
  started(command: CommandDefinition, cause: CommandEnvelope, report: JobReport): void {
    const { subject, payload, carrier } = message(command, cause, report);
    atEndOfTurn(() => this.nc.publish(subject, payload, { headers: carrier }));
  }

  /** Resolves when the event is stored; only then may the command be acknowledged. */
  async ended(command: CommandDefinition, cause: CommandEnvelope, report: JobReport): Promise<void> {
    const { subject, payload, carrier } = message(command, cause, report);
    await this.#publisher.publish(subject, payload, carrier);
  }

  /** Best effort, to whoever follows the job now. */
  progress(jobId: string, progress: JobProgress): void {
    this.nc.publish(liveSubject(jobId), JSON.stringify({ progress } satisfies LiveMessage));
  }
}

function message(command: CommandDefinition, cause: CommandEnvelope, report: JobReport) {
  const id = `${report.jobId}:${report.run}:${report.state}`;
  const envelope: Envelope = {
    specversion: '1.0',
    id,
    source: `/${command.service}`,
    type: JobReported.type,
    subject: report.jobId,
    time: report.at,
    tenant: cause.tenant,
    actor: cause.actor,
    correlationid: cause.correlationid,
    causationid: cause.id,
    data: report,
  };
  const carrier = headers();
  carrier.set('Nats-Msg-Id', id);
  injectTrace((name, value) => carrier.set(name, value));
  return { subject: jobEventSubject(command, report.state), payload: JSON.stringify(envelope), carrier };
}
