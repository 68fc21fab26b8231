import { IsolatedChild, type IsolateLimits, type IsolateOptions } from './isolated-child.js';

/**
 * Calls the function `exportName` of a module in a process of its own, which a signal can kill whatever it does: an
 * endless loop, a native call that never returns. Input and output are copied (structured clone; Buffers stay Buffers).
 *
 * Rejects with what the function threw (its name, message, stack and own fields such as `code`, but as a plain Error:
 * `instanceof` is lost), with the signal's reason, with `IsolateTimedOut`, or with `ChildDied`.
 *
 * The start costs about 80 ms and 50 MB; `IsolatePool` keeps processes ready.
 */
export async function runIsolated<I, O>(
  module: URL,
  exportName: string,
  input: I,
  { signal, timeoutMs, onNote, ...options }: IsolateOptions & IsolateLimits = {},
): Promise<O> {
  signal?.throwIfAborted();
  const child = new IsolatedChild(options);
  try {
    return await child.run<O>(module, exportName, input, { signal, timeoutMs, onNote });
  } finally {
    child.end();
  }
}
