import type { JsMsg } from '@nats-io/jetstream';
import { SpanKind } from '@opentelemetry/api';
import type { Catalog } from '@tandem/contracts/catalog';
import { Envelope } from '@tandem/contracts/envelope';
import { isFinal, JobReport, type JobStep, type LiveMessage } from '@tandem/contracts/job';
import { liveSubject } from '@tandem/contracts/subjects';
import type { Connection } from '@tandem/messaging/connection';
import type { Logger } from '@tandem/telemetry/logger';
import { jobsFinished, projectionBatch } from '@tandem/telemetry/metrics';
import { extractTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import type { Pool, PoolClient } from 'pg';
import { registerObjects } from '../objects/register-objects.js';
import { foldReports, type JobChange } from './fold-reports.js';

// States only move forward: a late or repeated report finds a position that is not smaller and changes nothing. Steps
// are appended as they are; the rows that changed come back so that followers hear of these only.
const APPLY = `
  UPDATE gateway.jobs j SET
    status = u.status, position = u.position, run = u.run, attempt = u.attempt, moved_at = now(),
    started_at = LEAST(j.started_at, u.started_at), finished_at = u.finished_at, due_at = u.due_at,
    result = u.result, error = u.error,
    history = j.history || ARRAY(SELECT value FROM json_array_elements(u.steps) WHERE (value->>'position')::int > j.position)
  FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::int[], $6::timestamptz[], $7::timestamptz[],
    $8::timestamptz[], $9::json[], $10::json[], $11::json[])
    AS u (id, status, position, run, attempt, started_at, finished_at, due_at, result, error, steps)
  WHERE j.id = u.id AND j.position < u.position
  RETURNING j.id`;

interface Received {
  report: JobReport;
  tenant: string;
  actor: string;
}

/** Brings the reports of workers into the ledger. */
export class ReportProjection {
  constructor(
    private readonly catalog: Catalog,
    private readonly connection: Connection,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  /**
   * Applies one batch in one transaction. Throws when the database is away; the same batch may then come again. A report
   * that can never be applied is passed over, so that it does not hold up all others.
   */
  async apply(events: JsMsg[]): Promise<void> {
    try {
      await this.#applyAll(events);
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (events.length > 1) {
        for (const event of events) await this.apply([event]);
        return;
      }
      this.log.error({ err: error, subject: events[0]?.subject, seq: events[0]?.seq }, 'report refused, passed over');
    }
  }

  async #applyAll(events: JsMsg[]): Promise<void> {
    projectionBatch.observe(events.length);
    const spans = events.map((event) => {
      const parent = extractTrace((name) => event.headers?.get(name) || undefined);
      return tracer().startSpan(`project ${event.subject}`, { kind: SpanKind.CONSUMER }, parent);
    });
    try {
      const received = events.flatMap((event) => this.#read(event));
      const changes = foldReports(received.map(({ report }) => report));
      const changed = await this.#write(changes, received);
      this.#announce(
        changes.filter((change) => changed.has(change.id)),
        received,
      );
    } finally {
      for (const span of spans) span.end();
    }
  }

  #read(event: JsMsg): Received[] {
    try {
      const envelope = Envelope.parse(event.json());
      return [{ report: JobReport.parse(envelope.data), tenant: envelope.tenant, actor: envelope.actor }];
    } catch {
      this.log.error({ subject: event.subject, seq: event.seq }, 'not a job report, passed over');
      return [];
    }
  }

  async #write(changes: JobChange[], received: Received[]): Promise<Set<string>> {
    const objects = this.#producedObjects(received);
    if (objects.length === 0) return applyChanges(this.pool, changes);
    const client = await this.pool.connect();
    // The pool listens only to the clients that it holds; without a listener a lost connection would end the process.
    let broken: Error | undefined;
    const lose = (error: Error) => {
      broken = error;
    };
    client.on('error', lose);
    try {
      await client.query('BEGIN');
      const changed = await applyChanges(client, changes);
      await registerObjects(client, objects);
      await client.query('COMMIT');
      return changed;
    } catch (error) {
      await client.query('ROLLBACK').catch(lose);
      throw error;
    } finally {
      client.removeListener('error', lose);
      client.release(broken);
    }
  }

  #producedObjects(received: Received[]) {
    return received.flatMap(({ report, tenant, actor }) => {
      const produces = report.state === 'succeeded' ? this.catalog.get(report.command)?.produces : undefined;
      if (!produces) return [];
      return produces(report.result).map((object) => ({ ...object, tenant, owner: actor, jobId: report.jobId }));
    });
  }

  /** Followers hear of a step only after it is in the ledger, so what they fetch next agrees with what they heard. */
  #announce(changes: JobChange[], received: Received[]): void {
    const commands = new Map(received.map(({ report }) => [report.jobId, report.command]));
    for (const change of changes) {
      if (isFinal(change.status)) {
        const command = commands.get(change.id)!;
        jobsFinished.inc({ command, status: change.status, error_type: change.error?.code ?? '' });
      }
      for (const step of change.steps) this.#live(change.id, step);
    }
  }

  #live(jobId: string, step: JobStep): void {
    if (!this.connection.up()) return;
    this.connection.nc.publish(liveSubject(jobId), JSON.stringify({ step } satisfies LiveMessage));
  }
}

/** A fault of the report, not of the database: a bad value (SQLSTATE classes 22 and 23), or a result of the wrong shape. */
function isRefused(error: unknown): boolean {
  return error instanceof TypeError || /^2[23]/.test((error as { code?: string } | null)?.code ?? '');
}

async function applyChanges(client: Pool | PoolClient, changes: JobChange[]): Promise<Set<string>> {
  if (changes.length === 0) return new Set();
  const column = <T>(pick: (change: JobChange) => T) => changes.map(pick);
  const json = (value: unknown) => (value === undefined || value === null ? null : JSON.stringify(value));
  const { rows } = await client.query<{ id: string }>(APPLY, [
    column((change) => change.id),
    column((change) => change.status),
    column((change) => change.position),
    column((change) => change.run),
    column((change) => change.attempt),
    column((change) => change.startedAt),
    column((change) => change.finishedAt),
    column((change) => change.dueAt),
    column((change) => json(change.result)),
    column((change) => json(change.error)),
    column((change) => JSON.stringify(change.steps)),
  ]);
  return new Set(rows.map(({ id }) => id));
}
