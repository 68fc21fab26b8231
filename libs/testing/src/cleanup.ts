type Cleanup = () => Promise<unknown> | unknown;

const pending = new Set<Cleanup>();

/**
 * Registers what must happen when the test file ends (outside Vitest: when the process ends, then without waiting).
 * Returns a function that does it now.
 */
export function atEndOfFile(cleanup: Cleanup): () => Promise<void> {
  pending.add(cleanup);
  return async () => {
    if (pending.delete(cleanup)) await cleanup();
  };
}

function takeAll(): Cleanup[] {
  const cleanups = [...pending].reverse();
  pending.clear();
  return cleanups;
}

// Vitest loads a module anew for each test file, so this registers once per file that starts servers or processes.
if (process.env.VITEST) {
  // One after the other, what came last first: a service drains while its servers still run.
  (await import('vitest')).afterAll(async () => {
    for (const cleanup of takeAll()) await Promise.allSettled([cleanup()]);
  });
} else process.once('exit', () => void Promise.allSettled(takeAll().map((cleanup) => cleanup())));
