import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Retries `attempt` until it neither throws nor returns something falsy (undefined counts as success, so that it may
 * consist of expectations), and returns its value. Fails after `timeoutMs` with the last failure as message and cause.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 30_000, everyMs = 20 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const last = await tryOnce(attempt);
    if ('value' in last) return last.value;
    if (Date.now() >= deadline) {
      const reason = last.error instanceof Error ? last.error.message : String(last.error);
      throw new Error(`not within ${timeoutMs} ms: ${reason}`, { cause: last.error });
    }
    await sleep(everyMs);
  }
}

async function tryOnce<T>(attempt: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    const value = await attempt();
    return value || value === undefined ? { value } : { error: new Error(`it was ${JSON.stringify(value)}`) };
  } catch (error) {
    return { error };
  }
}
