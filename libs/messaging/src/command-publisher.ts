import { headers, type NatsConnection } from '@nats-io/transport-node';
import { context as activeContext, type Context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { CommandDefinition } from '@tandem/contracts/command';
import type { CommandEnvelope } from '@tandem/contracts/envelope';
import type { Backoff } from '@tandem/contracts/job-options';
import type { StoredObject } from '@tandem/contracts/object';
import { commandSubject, type Lane } from '@tandem/contracts/subjects';
import type { SupabaseGrants } from '@tandem/contracts/supabase-grants';
import { injectTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import { StoredPublisher } from './stored-publisher.js';

/** A job as the ledger hands it to the broker. */
export interface Publication {
  jobId: string;
  tenant: string;
  actor: string;
  command: CommandDefinition;
  input: unknown;
  objects?: Record<string, StoredObject>;
  supabase?: SupabaseGrants;
  run: number;
  attempt: number;
  attempts: number;
  lane: Lane;
  timeoutMs?: number;
  backoff?: Backoff;
  expiresAt?: Date;
}

/** Publishes commands to JetStream. */
export class CommandPublisher {
  readonly #publisher: StoredPublisher;

  constructor(nc: NatsConnection) {
    this.#publisher = new StoredPublisher(nc);
  }

  /**
   * Resolves when JetStream has stored the command. The message id is the job's id and run, so publishing the same run
   * twice within two minutes stores it once.
   */
  async publish(job: Publication, parent: Context = activeContext.active()): Promise<void> {
    const subject = commandSubject(job.command, job.lane);
    const span = tracer().startSpan(
      `publish ${job.command.type}`,
      {
        kind: SpanKind.PRODUCER,
        attributes: {
          'messaging.system': 'nats',
          'messaging.operation.type': 'send',
          'messaging.destination.name': subject,
          'tandem.job.id': job.jobId,
        },
      },
      parent,
    );
    const carrier = headers();
    injectTrace((name, value) => carrier.set(name, value), trace.setSpan(parent, span));
    const messageId = `${job.jobId}:${job.run}`;
    carrier.set('Nats-Msg-Id', messageId);
    try {
      await this.#publisher.publish(subject, JSON.stringify(envelope(job, messageId)), carrier);
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: 'not stored by JetStream' });
      throw error;
    } finally {
      span.end();
    }
  }
}

function envelope(job: Publication, id: string): CommandEnvelope {
  return {
    specversion: '1.0',
    id,
    source: '/gateway',
    type: job.command.type,
    subject: job.jobId,
    time: new Date().toISOString(),
    tenant: job.tenant,
    actor: job.actor,
    correlationid: job.jobId,
    data: job.input,
    run: job.run,
    attempt: job.attempt,
    attempts: job.attempts,
    objects: job.objects,
    supabase: job.supabase,
    timeoutMs: job.timeoutMs,
    backoff: job.backoff,
    expiresAt: job.expiresAt?.toISOString(),
  };
}
