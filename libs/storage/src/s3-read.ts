import { Readable } from 'node:stream';

/** A sender that is silent for so long, in milliseconds, while we listen is taken for gone. */
const SILENCE_MS = 30_000;
/** Breaks in a row, without a byte between them, after which a download fails. */
const MAX_BREAKS = 3;

/** A part of a download: the bytes from an offset on. `length` is what the server announced. */
export interface Answer {
  body: Readable;
  length: number;
}

/**
 * The bytes of `first`. When the connection breaks or falls silent in between, it goes on with what `reopen` answers for
 * the bytes from an offset on: content never changes under a key, so the two fit together.
 */
export class ResumedDownload extends Readable {
  /** Undefined while it is reopened. */
  #body: Readable | undefined;
  #received = 0;
  #breaks = 0;
  #silence: NodeJS.Timeout | undefined;
  readonly #length: number;

  constructor(
    first: Answer,
    private readonly reopen: (offset: number) => Promise<Answer>,
    private readonly silenceMs = SILENCE_MS,
  ) {
    super();
    this.#length = first.length;
    this.#attach(first.body);
  }

  override _read(): void {
    if (this.#body) this.#listen(this.#body);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#silence);
    this.#body?.destroy();
    done(error);
  }

  #attach(body: Readable): void {
    this.#body = body;
    body.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      this.#breaks = 0;
      if (this.push(chunk)) return void this.#silence?.refresh();
      // From here on the silence is the reader's.
      this.#stopWatch();
      body.pause();
    });
    body.once('end', () => {
      if (this.#received < this.#length) return this.#broke(body, new Error('the object ended too early'));
      this.#stopWatch();
      this.push(null);
    });
    body.on('error', (error) => this.#broke(body, error));
    body.pause();
  }

  #listen(body: Readable): void {
    const fail = () => this.#broke(body, new Error(`the store sent nothing for ${this.silenceMs} ms`));
    this.#silence ??= setTimeout(fail, this.silenceMs);
    body.resume();
  }

  #stopWatch(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #broke(body: Readable, cause: Error): void {
    if (this.destroyed || body !== this.#body) return;
    this.#stopWatch();
    this.#body = undefined;
    body.removeAllListeners('data').destroy();
    this.#breaks += 1;
    if (this.#breaks > MAX_BREAKS) return void this.destroy(cause);
    this.reopen(this.#received).then(
      (answer) => {
        if (this.destroyed) return void answer.body.destroy();
        this.#attach(answer.body);
        this.#listen(answer.body);
      },
      (error) => this.destroy(error),
    );
  }
}
