import type { Callback } from '@tandem/contracts/callback';
import type { JobView } from '@tandem/contracts/job';
import type { Pool } from 'pg';
import { jobView, VIEW_COLUMNS, type ViewRow } from '../jobs/job-view.js';
import { waitAfter } from './retry-callback.js';
import { ANSWER_WITHIN_MS, type Outcome } from './send-callback.js';

/** Deliveries to one host at once, so that a receiver that hangs holds up its own callbacks only. */
const PER_HOST = 4;
/** Twice what a delivery may take: when its gateway dies, another takes it then. */
const LEASE_MS = 2 * ANSWER_WITHIN_MS;

// `$1` counts the deliveries under way by host; hosts that are busy are passed over, however many callbacks wait for them.
const UNDER_WAY = 'coalesce(($1::json->>host)::int, 0)';
const CLAIM = `
  WITH oldest AS (
    SELECT job, host, due_at FROM gateway.callbacks WHERE due_at <= now() AND ${UNDER_WAY} < ${PER_HOST}
    ORDER BY due_at LIMIT 500
  ), ranked AS (
    SELECT job, host, row_number() OVER (PARTITION BY host ORDER BY due_at) AS place FROM oldest
  ), claimed AS (
    UPDATE gateway.callbacks SET due_at = now() + interval '${LEASE_MS} ms', claims = claims + 1
    WHERE job IN (
      SELECT job FROM gateway.callbacks
      WHERE due_at <= now() AND job IN (SELECT job FROM ranked WHERE place <= ${PER_HOST} - ${UNDER_WAY} LIMIT $2)
      FOR UPDATE SKIP LOCKED
    )
    RETURNING job, host, attempts AS tries, claims
  )
  SELECT ${VIEW_COLUMNS}, tenant, callback, host, tries, claims FROM claimed JOIN gateway.jobs ON id = job`;

const SETTLE = `
  UPDATE gateway.callbacks SET attempts = attempts + 1, status = $3, error = $4,
    due_at = now() + $5::float8 * interval '1 ms', delivered_at = CASE WHEN $3 = 'delivered' THEN now() END
  WHERE job = $1 AND claims = $2`;

const HAND_BACK = 'UPDATE gateway.callbacks SET due_at = now() WHERE job = $1 AND claims = $2';

/** A callback to deliver, and the claim to it. */
export interface Claim {
  job: JobView;
  tenant: string;
  callback: Callback;
  host: string;
  /** Attempts so far. */
  tries: number;
  /** Fences off whoever claims it later, after the lease. */
  claims: number;
}

/** Takes up to `room` callbacks that are due, for the time that a delivery may take. */
export async function claimCallbacks(pool: Pool, underWay: Map<string, number>, room: number): Promise<Claim[]> {
  const { rows } = await pool.query<ViewRow & Omit<Claim, 'job'>>(CLAIM, [
    JSON.stringify(Object.fromEntries(underWay)),
    room,
  ]);
  return rows.map(({ tenant, callback, host, tries, claims, ...job }) => ({
    job: jobView(job),
    tenant,
    callback,
    host,
    tries,
    claims,
  }));
}

/** Writes down what became of a delivery. */
export async function settleCallback(pool: Pool, { job, claims, tries }: Claim, outcome: Outcome): Promise<void> {
  const wait = outcome.status === 'failed' ? waitAfter(tries + 1) : undefined;
  const status = outcome.status === 'delivered' ? 'delivered' : wait === undefined ? 'failed' : 'pending';
  const error = outcome.status === 'delivered' ? null : outcome.error;
  const asked = outcome.status === 'failed' ? (outcome.retryAfterMs ?? 0) : 0;
  await pool.query(SETTLE, [job.id, claims, status, error, wait === undefined ? null : Math.max(wait, asked)]);
}

/** Gives a callback back that was not tried to its end. */
export async function handBackCallback(pool: Pool, { job, claims }: Claim): Promise<void> {
  await pool.query(HAND_BACK, [job.id, claims]);
}
