import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Egress, EgressResponse } from '@tandem/egress/egress';
import { EgressDenied, EgressFailed, EgressTimedOut, EgressTooLarge } from '@tandem/egress/errors';
import { AttemptFailed, Rejected, RetryLater } from '@tandem/messaging/outcome';

const RETRY_AFTER = { leastMs: 5_000, mostMs: 3_600_000 };
const MAY_PASS = new Set([408, 425, 429]);

/**
 * Writes what a URL gives to the file `path`, with the policy of `tenant`. Nothing stays there when it throws: `Rejected`
 * for what will not change by itself, `AttemptFailed` for what may, `RetryLater` when the host said when to come again,
 * the signal's reason, or an error of the disk.
 */
export async function fetchSource(
  egress: Egress,
  tenant: string,
  url: string,
  path: string,
  { maxBytes, signal, now = Date.now }: { maxBytes: number; signal?: AbortSignal; now?: () => number },
): Promise<void> {
  try {
    const answer = await egress.fetch(url, { tenant, maxBytes, signal });
    if (answer.status !== 200) {
      answer.discard();
      throw refusalOf(answer, now);
    }
    await pipeline(answer.body, createWriteStream(path), { signal });
  } catch (error) {
    await rm(path, { force: true });
    signal?.throwIfAborted();
    throw outcomeOf(error);
  }
}

function refusalOf({ status, headers }: EgressResponse, now: () => number): Error {
  if (status < 500 && !MAY_PASS.has(status)) return unreachable(sentenceOf(status));
  const detail = `The host of the source answered ${status}.`;
  const afterMs = retryAfterMs(headers.get('retry-after'), now);
  return afterMs === undefined ? new AttemptFailed('source_unreachable', detail) : new RetryLater(afterMs, detail);
}

function sentenceOf(status: number): string {
  const answered = `The host of the source answered ${status}`;
  if (status === 401 || status === 403) {
    return `${answered}: it does not let everybody read it. Send a signed URL, or upload the file.`;
  }
  if (status === 404 || status === 410) return `${answered}: there is no file at this URL. Check the URL.`;
  return `${answered} instead of a file. Send a URL that leads to the file itself.`;
}

/** Seconds or a date (RFC 9110, 10.2.3), within bounds: an endless wait would be as bad as none. */
function retryAfterMs(value: string | null, now: () => number): number | undefined {
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, RETRY_AFTER.leastMs), RETRY_AFTER.mostMs);
}

function outcomeOf(error: unknown): unknown {
  if (error instanceof EgressTooLarge) {
    const detail = `The source is too large. ${error.detail} Send a smaller file.`;
    return new Rejected('payload_too_large', detail, { cause: error });
  }
  if (error instanceof EgressDenied)
    return unreachable(`${error.detail} Send a public URL, or upload the file.`, error);
  if (error instanceof EgressTimedOut || (error instanceof EgressFailed && error.passing)) {
    return new AttemptFailed('source_unreachable', `The source cannot be fetched. ${error.detail}`, { cause: error });
  }
  if (error instanceof EgressFailed) return unreachable(`${error.detail} Check the URL, or upload the file.`, error);
  return error;
}

function unreachable(detail: string, cause?: Error): Rejected {
  return new Rejected('source_unreachable', detail, { cause });
}
