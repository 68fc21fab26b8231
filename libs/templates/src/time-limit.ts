import { createContext, Script } from 'node:vm';

const frame = createContext({ work: undefined as (() => unknown) | undefined });
const script = new Script('work()');

/** Work took longer than it may. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

const TRIES = 3;

/**
 * Does synchronous work that may take long or for ever: V8 stops it after `ms`, regular expressions included. Work that was
 * stopped because the machine had no time for it is done again, so it must not change anything.
 * Throws `TookTooLong`, or what the work throws.
 */
export function withinTime<T>(ms: number, work: () => T): T {
  for (let tries = 1; ; tries += 1) {
    const before = processorMs();
    const outcome = attempt(ms, work);
    if (outcome !== STOPPED) return outcome;
    if (tries === TRIES || processorMs() - before > ms / 2) throw new TookTooLong(`stopped after ${ms} ms`);
  }
}

const STOPPED = Symbol('stopped');

function attempt<T>(ms: number, work: () => T): T | typeof STOPPED {
  frame.work = work;
  try {
    return script.runInContext(frame, { timeout: ms }) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return STOPPED;
    throw error;
  } finally {
    frame.work = undefined;
  }
}

/** Of this thread. The watch of V8 goes by the clock on the wall. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
