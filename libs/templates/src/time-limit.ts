import { createContext, Script } from 'node:vm';

const frame = createContext({ work: undefined as (() => unknown) | undefined });
const script = new Script('work()');

/** Work took longer than it may. */
export class TookTooLong extends Error {
  override readonly name = 'TookTooLong';
}

/** V8 goes by the clock on the wall. On a machine that is busy with others, work gets so many times longer by it. */
const PATIENCE = 8;

/**
 * Does synchronous work that may take long or for ever: V8 stops it after `ms`, regular expressions included. Work that was
 * stopped because the machine had no time for it is done again, with more patience, so it must not change anything.
 * Throws `TookTooLong`, or what the work throws.
 */
export function withinTime<T>(ms: number, work: () => T): T {
  const before = processorMs();
  const first = attempt(ms, work);
  if (first !== STOPPED) return first;
  const second = processorMs() - before > ms / 2 ? STOPPED : attempt(PATIENCE * ms, work);
  if (second !== STOPPED) return second;
  throw new TookTooLong(`stopped after ${ms} ms`);
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

/** Time that this thread had of the processor. */
function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
