import type { Callback } from '@tandem/contracts/callback';
import type { JobView } from '@tandem/contracts/job';
import { signatureHeaders } from './sign-callback.js';

/** How long a receiver may take to answer. */
export const ANSWER_WITHIN_MS = 15_000;

const DAY_S = 86_400;

/** The way out: `fetch`, as far as callbacks need it. */
export type SendRequest = (
  url: string,
  init: {
    method: 'POST';
    headers: Record<string, string>;
    body: string;
    redirect: 'manual';
    signal: AbortSignal;
  },
) => Promise<Pick<Response, 'status' | 'headers' | 'body'>>;

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
  send: SendRequest,
  { url, headers }: Callback,
  { job, secrets, signal }: { job: JobView; secrets: readonly string[]; signal: AbortSignal },
): Promise<Outcome> {
  const body = callbackBody(job);
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    const response = await send(url, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        'user-agent': 'Tandem',
        ...signatureHeaders(secrets, { id: callbackId(job.id), body, at: new Date() }),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([late, signal]),
    });
    // Nobody reads the answer's body; left open, it would keep the connection.
    await response.body?.cancel().catch(() => undefined);
    return outcomeOf(response);
  } catch (error) {
    const reason = late.aborted ? `no answer within ${ANSWER_WITHIN_MS / 1000} s` : reasonOf(error);
    return { status: 'failed', error: reason };
  }
}

/** The `webhook-id` of a job's callback: one job ends once, so receivers drop repeats by it. */
export function callbackId(jobId: string): string {
  return `msg_${jobId}`;
}

function outcomeOf({ status, headers }: Pick<Response, 'status' | 'headers'>): Outcome {
  if (status >= 200 && status < 300) return { status: 'delivered' };
  if (status === 410) return { status: 'refused', error: 'the receiver answered 410: it wants no more' };
  const redirected = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const asked = (status === 429 || status === 503) && seconds > 0 ? Math.min(seconds, DAY_S) * 1_000 : undefined;
  return { status: 'failed', error: `the receiver answered ${status}${redirected}`, retryAfterMs: asked };
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  ETIMEDOUT: 'the host did not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'the host did not answer',
};

/** Only what is known to be safe: an error's own message may quote addresses and what lies behind them. */
function reasonOf(error: unknown): string {
  for (let at = error as { code?: unknown; cause?: unknown } | undefined; at; at = at.cause as typeof at) {
    const code = String(at.code ?? '');
    if (REASONS[code]) return REASONS[code];
    if (/^(CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code))
      return 'its TLS certificate is not accepted';
  }
  return 'the request failed';
}
