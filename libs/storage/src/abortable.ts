/**
 * The items of `source` until `signal` aborts; then the signal's reason is thrown, even while `source` is silent.
 * The source is told to stop, but not waited for: a stalled upload would never answer.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal?.reason);
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort, { once: true });
  try {
    while (true) {
      const next = iterator.next();
      next.catch(() => {});
      const { done, value } = await Promise.race([aborted.promise, next]);
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    iterator.return?.()?.catch(() => {});
  }
}
