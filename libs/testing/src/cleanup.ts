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

async function cleanUp(): Promise<void> {
  const cleanups = [...pending].reverse();
  pending.clear();
  await Promise.allSettled(cleanups.map((cleanup) => cleanup()));
}

// Vitest loads a module anew for each test file, so this registers once per file that starts servers or processes.
if (process.env.VITEST) (await import('vitest')).afterAll(cleanUp);
else process.once('exit', cleanUp);
