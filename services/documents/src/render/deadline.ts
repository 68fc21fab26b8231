import { Rejected } from '@tandem/messaging/outcome';

/** Ends one piece of work: when its time is over, when its job ends, or when something is found that it cannot survive. */
export class Deadline implements Disposable {
  readonly #ended = new AbortController();
  readonly #outer: AbortSignal;
  readonly #end: Promise<never>;
  #timer: NodeJS.Timeout | undefined;
  #missing: () => string = () => 'its page was not opened';

  constructor(outer: AbortSignal) {
    this.#outer = outer;
    this.#end = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.signal.reason), { once: true });
    });
    this.#end.catch(() => {});
    if (outer.aborted) this.#onOuter();
    else outer.addEventListener('abort', this.#onOuter, { once: true });
  }

  /** Aborts with what the job is to be told. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Begins to count. Waiting for a page is not the document's fault, so it does not count. */
  start(seconds: number): void {
    clearTimeout(this.#timer); // the page may be made again on another browser
    this.#timer = setTimeout(() => {
      const detail = `The document was not ready within ${seconds} s: ${this.#missing()}. Make it lighter, or set load.timeoutSeconds higher (110 at most).`;
      this.fail(new Rejected('document_failed', detail));
    }, seconds * 1_000);
  }

  /** What to say is missing when the time is over. */
  awaiting(missing: string | (() => string)): void {
    this.#missing = typeof missing === 'string' ? () => missing : missing;
  }

  fail(reason: Error): void {
    this.#ended.abort(reason);
  }

  /** Settles as `work` does, or rejects when the time is over before: a browser that hangs answers nothing. */
  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#end]);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onOuter);
  }

  readonly #onOuter = () => this.fail(this.#outer.reason);
}
