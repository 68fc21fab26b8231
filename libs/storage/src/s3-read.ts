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
  #answer: Answer;
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
    this.#answer = first;
    this.#attach(first);
    first.body.pause();
  }

  override _read(): void {
    this.#watch();
    this.#answer.body.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#silence);
    this.#answer.body.destroy();
    done(error);
  }

  #attach(answer: Answer): void {
    this.#answer = answer;
    const { body } = answer;
    body.on('data', (chunk: Buffer) => {
      this.#silence?.refresh();
      this.#received += chunk.length;
      this.#breaks = 0;
      if (this.push(chunk)) return;
      // Silence is the reader's now.
      clearTimeout(this.#silence);
      body.pause();
    });
    body.once('end', () => this.#ended());
    body.on('error', (error) => this.#broke(body, error));
  }

  #ended(): void {
    clearTimeout(this.#silence);
    if (this.#received >= this.#length) this.push(null);
    else this.#broke(this.#answer.body, new Error('the connection ended before the object did'));
  }

  #watch(): void {
    clearTimeout(this.#silence);
    const { body } = this.#answer;
    const fail = () => this.#broke(body, new Error(`the store sent nothing for ${this.silenceMs} ms`));
    this.#silence = setTimeout(fail, this.silenceMs);
  }

  #broke(body: Readable, cause: Error): void {
    if (this.destroyed || body !== this.#answer.body) return;
    clearTimeout(this.#silence);
    body.removeAllListeners('data').destroy();
    this.#breaks += 1;
    if (this.#breaks > MAX_BREAKS) return void this.destroy(cause);
    this.reopen(this.#received).then(
      (answer) => {
        if (this.destroyed) return void answer.body.destroy();
        this.#attach(answer);
        this.#watch();
      },
      (error) => this.destroy(error),
    );
  }
}
