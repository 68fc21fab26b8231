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
 * stopped is done again, as a machine that stood still for a moment seldom does so twice; and with more patience where it
 * had little of the processor. So it must not change anything. Throws `TookTooLong`, or what the work throws.
 */
export function withinTime<T>(ms: number, work: () => T): T {
  const before = processorMs();
  let done = attempt(ms, work);
  if (done === STOPPED) done = attempt(ms, work);
  if (done === STOPPED && processorMs() - before < ms) done = attempt(PATIENCE * ms, work);
  if (done !== STOPPED) return done;
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
