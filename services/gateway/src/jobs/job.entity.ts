import type { JobError, JobStatus, JobStep } from '@tandem/contracts/job';
import type { StoredObject } from '@tandem/contracts/object';
import { EntitySchema } from 'typeorm';

/** The gateway's Postgres schema. */
export const SCHEMA = 'gateway';

/** One row of the ledger. */
export interface Job {
  id: string;
  tenant: string;
  actor: string;
  command: string;
  input: unknown;
  objects: Record<string, StoredObject> | null;
  idempotencyKey: string | null;
  requestHash: Buffer | null;
  status: JobStatus;
  position: number;
  run: number;
  attempt: number;
  attempts: number;
  dueAt: Date | null;
  publishedAt: Date | null;
  /** When the status changed last. */
  movedAt: Date;
  result: unknown;
  error: JobError | null;
  history: JobStep[];
  traceParent: string | null;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** How the ledger is stored. `json`, not `jsonb`, for what callers wrote: it takes U+0000 and costs no conversion. */
export const JobEntity = new EntitySchema<Job>({
  name: 'Job',
  tableName: 'jobs',
  schema: SCHEMA,
  columns: {
    id: { type: 'uuid', primary: true },
    tenant: { type: 'text' },
    actor: { type: 'text' },
    command: { type: 'text' },
    input: { type: 'json' },
    objects: { type: 'json', nullable: true },
    idempotencyKey: { type: 'text', name: 'idempotency_key', nullable: true },
    requestHash: { type: 'bytea', name: 'request_hash', nullable: true },
    status: { type: 'text' },
    position: { type: 'int' },
    run: { type: 'int' },
    attempt: { type: 'int' },
    attempts: { type: 'int' },
    dueAt: { type: 'timestamptz', name: 'due_at', nullable: true },
    publishedAt: { type: 'timestamptz', name: 'published_at', nullable: true },
    movedAt: { type: 'timestamptz', name: 'moved_at' },
    result: { type: 'json', nullable: true },
    error: { type: 'json', nullable: true },
    history: { type: 'json', array: true },
    traceParent: { type: 'text', name: 'trace_parent', nullable: true },
    createdAt: { type: 'timestamptz', name: 'created_at' },
    startedAt: { type: 'timestamptz', name: 'started_at', nullable: true },
    finishedAt: { type: 'timestamptz', name: 'finished_at', nullable: true },
  },
});
