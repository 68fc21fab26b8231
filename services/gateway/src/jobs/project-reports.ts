import type { JsMsg } from '@nats-io/jetstream';
import { SpanKind } from '@opentelemetry/api';
import type { Catalog } from '@tandem/contracts/catalog';
import { Envelope } from '@tandem/contracts/envelope';
import { isFinal, JobReport } from '@tandem/contracts/job';
import type { Connection } from '@tandem/messaging/connection';
import type { Logger } from '@tandem/telemetry/logger';
import { jobsFinished, projectionBatch } from '@tandem/telemetry/metrics';
import { extractTrace } from '@tandem/telemetry/propagation';
import { tracer } from '@tandem/telemetry/tracing';
import type { Pool } from 'pg';
import { type ProducedObject, REGISTER_OBJECTS } from '../objects/register-objects.js';
import { announceStep } from './announce-step.js';
import { foldReports, type JobChange } from './fold-reports.js';
import type { JobFollower } from './follow-job.js';
import type { JobPublication } from './publish-jobs.js';
import type { JobRelease } from './release-jobs.js';
import type { TenantWindows } from './tenant-windows.js';

// States only move forward: a late or repeated report finds a position that is not smaller and changes nothing. Steps
// are appended as they are; the rows that changed come back so that followers hear of these only. What workers wrote travels
// as text inside the one JSON parameter, since U+0000 may stand in it.
const APPLY = `
  UPDATE gateway.jobs j SET
    status = u.status, position = u.position, run = u.run, attempt = u.attempt, moved_at = now(),
    started_at = LEAST(j.started_at, u."startedAt"), finished_at = u."finishedAt", due_at = u."dueAt", waiting = false,
    result = u.result::json, error = u.error::json,
    history = j.history || ARRAY(
      SELECT value FROM json_array_elements(u.steps::json) WHERE (value->>'position')::int > j.position)
  FROM json_to_recordset($1)
    AS u (id uuid, status text, position int, run int, attempt int, "startedAt" timestamptz, "finishedAt" timestamptz,
      "dueAt" timestamptz, result text, error text, steps text)
  WHERE j.id = u.id AND j.position < u.position
  RETURNING j.id`;

// One statement is one transaction, in one round trip instead of four.
const APPLY_AND_REGISTER = `
  WITH changed AS (${APPLY}), registered AS (${REGISTER_OBJECTS})
  SELECT id FROM changed`;

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
    private readonly windows: TenantWindows,
    private readonly release: JobRelease,
    private readonly publication: JobPublication,
    private readonly follower: JobFollower,
    private readonly pool: Pool,
    private readonly log: Logger,
  ) {}

  /**
   * Applies one batch in one statement, which is one transaction. Throws when the database is away; the same batch may then come again. A report
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
      const changed = await applyChanges(this.pool, changes, this.#producedObjects(received));
      this.#observe(received);
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

  #producedObjects(received: Received[]): ProducedObject[] {
    return received.flatMap(({ report, tenant, actor }) => {
      const produces = report.state === 'succeeded' ? this.catalog.get(report.command)?.produces : undefined;
      if (!produces) return [];
      const owned = { tenant, owner: actor, jobId: report.jobId };
      return produces(report.result).map(({ id, sha256, size, type }) => ({ id, sha256, size, type, ...owned }));
    });
  }

  #announce(changes: JobChange[], received: Received[]): void {
    const origins = new Map(received.map((each) => [each.report.jobId, each]));
    let room = false;
    for (const change of changes) {
      const { id, status, error, steps } = change;
      const { report, tenant } = origins.get(id)!;
      if (isFinal(status)) {
        jobsFinished.inc({ command: report.command, status, error_type: error?.code ?? '' });
        this.follower.ended(change);
      }
      // A job that ended or that waits for its next attempt is no longer with the broker.
      if (status !== 'running') room = this.windows.leave(report.command, tenant) || room;
      announceStep(this.connection, id, steps.at(-1)!);
    }
    if (room) this.release.wake();
  }

  /** What each report says beside the state: the job was published, and how long it waited for a worker. */
  #observe(received: Received[]): void {
    for (const { report } of received) {
      this.publication.reported(report.jobId);
      if (!report.publishedAt) continue;
      const [publishedAt, startedAt, at] = [report.publishedAt, report.startedAt, report.at].map(Date.parse);
      const runMs = report.state === 'running' ? undefined : at! - startedAt!;
      this.windows.observe(report.command, startedAt! - publishedAt!, runMs);
    }
  }
}

/** A fault of the report, not of the database: a bad value (SQLSTATE classes 22 and 23), or a result of the wrong shape. */
function isRefused(error: unknown): boolean {
  return error instanceof TypeError || /^2[23]/.test((error as { code?: string } | null)?.code ?? '');
}

async function applyChanges(pool: Pool, changes: JobChange[], objects: ProducedObject[]): Promise<Set<string>> {
  if (changes.length === 0) return new Set();
  const json = (value: unknown) => (value === undefined || value === null ? undefined : JSON.stringify(value));
  const rows = changes.map((change) => ({
    ...change,
    result: json(change.result),
    error: json(change.error),
    steps: json(change.steps),
  }));
  const changed =
    objects.length > 0
      ? await pool.query<{ id: string }>(APPLY_AND_REGISTER, [JSON.stringify(rows), JSON.stringify(objects)])
      : await pool.query<{ id: string }>(APPLY, [JSON.stringify(rows)]);
  return new Set(changed.rows.map(({ id }) => id));
}
