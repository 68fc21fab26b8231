import type { CallbackView } from '@tandem/contracts/callback';

/** What a read of one job adds to its columns. */
export const CALLBACK_COLUMNS = `
  callback->>'url' AS "callbackUrl",
  CASE WHEN callback IS NOT NULL THEN (
    SELECT json_build_object('status', c.status, 'attempts', c.attempts, 'error', c.error,
      'dueAt', extract(epoch FROM c.due_at) * 1000, 'deliveredAt', extract(epoch FROM c.delivered_at) * 1000)
    FROM gateway.callbacks c WHERE c.job = jobs.id
  ) END AS "callbackState"`;

/** {@link CALLBACK_COLUMNS} as they come from the database. */
export interface CallbackRow {
  callbackUrl: string | null;
  /** Null until the job has ended. */
  callbackState: {
    status: CallbackView['status'];
    attempts: number;
    error: string | null;
    dueAt: number | null;
    deliveredAt: number | null;
  } | null;
}

/** The callback of a job as the API shows it; never its headers, which may hold a secret. */
export function callbackView({ callbackUrl: url, callbackState: state }: CallbackRow): CallbackView | undefined {
  if (url === null) return undefined;
  if (state === null) return { url, status: 'pending', attempts: 0 };
  const { status, attempts, error, dueAt, deliveredAt } = state;
  return {
    url,
    status,
    attempts,
    nextAttemptAt: time(dueAt),
    deliveredAt: time(deliveredAt),
    error: error ?? undefined,
  };
}

function time(ms: number | null): string | undefined {
  return ms === null ? undefined : new Date(ms).toISOString();
}
