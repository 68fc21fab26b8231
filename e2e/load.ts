import { randomUUID } from 'node:crypto';
import { eventually } from '@tandem/testing/eventually';
import type { Api, Transformation } from './api.js';

/** Submissions under way. */
export type Load = {
  /** Ids of the jobs that were answered 202 so far. */
  readonly accepted: string[];
  /** Resolves when all are accepted. */
  done: Promise<void>;
};

/**
 * Submits `total` jobs, `concurrency` at a time. A request that fails is sent again with its Idempotency-Key, as a
 * careful client does, until it is answered 202.
 */
export function startLoad(
  api: Api,
  input: Transformation,
  { total, concurrency = 16 }: { total: number; concurrency?: number },
): Load {
  const accepted: string[] = [];
  let next = 0;
  const caller = async () => {
    while (next < total) {
      next += 1;
      const headers = { 'idempotency-key': randomUUID() };
      const job = await eventually(() => api.transform(input, headers), { timeoutMs: 60_000, everyMs: 50 });
      accepted.push(job.id);
    }
  };
  const done = Promise.all(Array.from({ length: concurrency }, caller)).then(() => undefined);
  done.catch(() => undefined); // awaited only after what the test does to the system meanwhile
  return { accepted, done };
}
