/**
 * The items of `source` until `signal` aborts; then the signal's reason is thrown, even while `source` is silent.
 * The source is told to stop, but not waited for: a stalled upload would never answer.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  // Not `Promise.race` with one promise for the abort: that promise would hold every item until the end.
  let fail: (reason: unknown) => void = () => {};
  const abort = () => fail(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    while (true) {
      signal?.throwIfAborted();
      const { done, value } = await new Promise<IteratorResult<T>>((resolve, reject) => {
        fail = reject;
        iterator.next().then(resolve, reject);
      });
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    iterator.return?.()?.catch(() => {});
  }
}
