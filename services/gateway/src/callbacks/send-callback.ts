import type { Callback } from '@tandem/contracts/callback';
import type { JobView } from '@tandem/contracts/job';
import type { Egress, EgressResponse } from '@tandem/egress/egress';
import { EgressError } from '@tandem/egress/errors';
import { signatureHeaders } from './sign-callback.js';

/** How long a receiver may take to answer. */
export const ANSWER_WITHIN_MS = 15_000;

const DAY_S = 86_400;

/** What became of one attempt. `error` is safe to show. */
export type Outcome =
  | { status: 'delivered' }
  | { status: 'refused'; error: string }
  | { status: 'failed'; error: string; retryAfterMs?: number };

/** The body of a callback. It is the same in every attempt, as long as the job is not replayed. */
export function callbackBody(job: JobView): string {
  return JSON.stringify({ type: `job.${job.status}`, timestamp: job.finishedAt, data: job });
}

/** Posts the end of a job to its callback once. Never throws. */
export async function sendCallback(
  egress: Egress,
  { url, headers }: Callback,
  { job, tenant, secrets, signal }: { job: JobView; tenant: string; secrets: readonly string[]; signal: AbortSignal },
): Promise<Outcome> {
  const body = callbackBody(job);
  try {
    const response = await egress.fetch(url, {
      tenant,
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        ...signatureHeaders(secrets, { id: callbackId(job.id), body, at: new Date() }),
      },
      body,
      signal,
      timeoutMs: ANSWER_WITHIN_MS,
      // A redirect would carry the headers, which may hold a secret, to somebody else.
      maxRedirects: 0,
    });
    response.discard();
    return outcomeOf(response);
  } catch (error) {
    // Only egress knows what is safe to show: other messages may quote addresses and what lies behind them.
    return { status: 'failed', error: error instanceof EgressError ? error.detail : 'The request failed.' };
  }
}

/** The `webhook-id` of a job's callback: one job ends once, so receivers drop repeats by it. */
export function callbackId(jobId: string): string {
  return `msg_${jobId}`;
}

function outcomeOf({ status, headers }: Pick<EgressResponse, 'status' | 'headers'>): Outcome {
  if (status >= 200 && status < 300) return { status: 'delivered' };
  if (status === 410) return { status: 'refused', error: 'The receiver answered 410: it wants no more.' };
  const redirected = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const asked = (status === 429 || status === 503) && seconds > 0 ? Math.min(seconds, DAY_S) * 1_000 : undefined;
  return { status: 'failed', error: `The receiver answered ${status}${redirected}.`, retryAfterMs: asked };
}
