import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What an isolated process may have. */
export interface IsolateOptions {
  /**
   * Its resident memory, all of it: heap, buffers, native code and the 50 MB of Node itself. Over it, it dies alone
   * ({@link ChildDied} with `outOfMemory`). Looked at 20 times a second. Default: no limit but the machine's.
   */
  memoryMb?: number;
  /** Its whole environment. Default: empty, so that no secret of the service reaches it. */
  env?: Record<string, string>;
  /** A module to import at once, so that the first run need not wait for it. */
  preload?: URL;
}

/** When one run ends that does not end by itself. */
export interface IsolateLimits {
  /** Kills the process; the run then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Kills the process after so many ms of work; the run then rejects with {@link IsolateTimedOut}. A start may take 30 s more.
   * At 0 or less nothing is begun.
   */
  timeoutMs?: number;
  /** Hears what the function tells before it ends: its second argument is `(note: unknown) => void`. */
  onNote?: (note: unknown) => void;
}

/** The process ended before its function did: a crash, `process.exit`, the memory limit or a kill from outside. */
export class ChildDied extends Error {
  override readonly name = 'ChildDied';
  /** Whether it was ended for its `memoryMb`. (V8's own limit and aborts of native code give `SIGABRT`.) */
  readonly outOfMemory: boolean;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;

  constructor(exitCode: number | null, signal: NodeJS.Signals | null) {
    const outOfMemory = signal === 'SIGUSR2';
    super(
      outOfMemory
        ? 'The isolated process used more memory than it may and was ended.'
        : `The isolated process ended before its work did (${signal ?? `exit code ${exitCode}`}). Its stderr may say why.`,
    );
    this.outOfMemory = outOfMemory;
    this.exitCode = exitCode;
    this.signal = signal;
  }
}

/** The function took longer than `timeoutMs`; its process was killed. */
export class IsolateTimedOut extends Error {
  override readonly name = 'IsolateTimedOut';

  constructor(limitMs: number) {
    super(
      limitMs > 0
        ? `The isolated work took longer than ${limitMs} ms and was killed.`
        : 'No time is left for the isolated work.',
    );
  }
}

type Begun = { begun: true };
type Note = { note: unknown };
/** What came of a run, and the resident memory after it. */
type Answer = { residentBytes: number } & (
  | { ok: true; output: unknown }
  | { ok: false; error: { name: string; message: string; stack?: string } }
);

const EXTENSION = extname(import.meta.filename);
const PROGRAM = fileURLToPath(new URL(`./isolate-program${EXTENSION}`, import.meta.url));
const SOURCE_FLAGS =
  EXTENSION === '.ts'
    ? [
        '--conditions=tandem-source',
        // Parameter properties are more than stripping types.
        '--experimental-transform-types',
        '--disable-warning=ExperimentalWarning',
        '--import',
        new URL('./resolve-sources.ts', import.meta.url).href,
      ]
    : [];
const MEBIBYTE = 1024 * 1024;
/** A machine that is busy may take long to start a process, which is no fault of the work. */
const START_MS = 30_000;

/** A process that runs functions of modules, one at a time. Use `runIsolated` or `IsolatePool`, which end it as well. */
export class IsolatedChild {
  readonly #process: ChildProcess;
  #residentBytes = 0;

  constructor({ memoryMb = 0, env = {}, preload }: IsolateOptions) {
    const heap = memoryMb > 0 ? [`--max-old-space-size=${memoryMb}`] : [];
    this.#process = fork(PROGRAM, [String(process.pid), String(memoryMb * MEBIBYTE), preload?.href ?? ''], {
      env,
      execArgv: [...SOURCE_FLAGS, ...heap],
      serialization: 'advanced',
      // What it prints is no log line of ours.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    // A process that cannot start, for one, while no run listens.
    this.#process.on('error', () => {});
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether it can take another run. */
  get usable(): boolean {
    const { connected, killed, exitCode, signalCode } = this.#process;
    return connected && !killed && exitCode === null && signalCode === null;
  }

  /** Its resident memory after its last run, in mebibytes. */
  get residentMb(): number {
    return this.#residentBytes / MEBIBYTE;
  }

  /** Calls one function. After an abort or a timeout it settles when the process is gone. */
  run<O>(module: URL, name: string, input: unknown, { signal, timeoutMs, onNote }: IsolateLimits): Promise<O> {
    const child = this.#process;
    return new Promise<O>((resolve, reject) => {
      signal?.throwIfAborted();
      if (timeoutMs !== undefined && timeoutMs <= 0) throw new IsolateTimedOut(timeoutMs);
      let killedFor: { reason: unknown } | undefined;
      const kill = (reason: unknown) => {
        killedFor ??= { reason };
        child.kill('SIGKILL');
      };
      const abort = () => kill(signal?.reason);
      const killIn = (ms: number | undefined) =>
        ms === undefined ? undefined : setTimeout(() => kill(new IsolateTimedOut(timeoutMs!)), ms);
      let begun = false;
      let timer = killIn(timeoutMs === undefined ? undefined : START_MS + timeoutMs);
      const begin = () => {
        // Whatever has got into a process cannot give itself more time.
        if (begun) return;
        begun = true;
        clearTimeout(timer);
        timer = killIn(timeoutMs);
      };
      const done = (settle: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        child.off('message', answered).off('exit', exited).off('error', failed);
        settle();
      };
      const answered = (message: unknown) => {
        const answer = message as Answer | Note | Begun;
        if ('begun' in answer) return begin();
        if ('note' in answer) return onNote?.(answer.note);
        this.#residentBytes = answer.residentBytes;
        done(() => settleAs(answer, resolve as (o: unknown) => void, reject));
      };
      const exited = (code: number | null, by: NodeJS.Signals | null) =>
        done(() => reject(killedFor ? killedFor.reason : new ChildDied(code, by)));
      const failed = (error: Error) => done(() => reject(error));
      signal?.addEventListener('abort', abort, { once: true });
      child.on('message', answered).once('exit', exited).once('error', failed);
      try {
        // A child that is already dead breaks the pipe; 'exit' or 'error' says so.
        child.send({ module: module.href, name, input }, () => {});
      } catch (error) {
        done(() => reject(error));
      }
    });
  }

  /** Lets the parent end while the child idles (`false`), or not (`true`). */
  keepParentAlive(keep: boolean): void {
    if (keep) this.#process.ref();
    else this.#process.unref();
    const channel = this.#process.channel;
    if (keep) channel?.ref();
    else channel?.unref();
  }

  /** Kills it: work may go on in it although its function returned. */
  end(): void {
    this.#process.kill('SIGKILL');
  }
}

function settleAs(answer: Answer, resolve: (output: unknown) => void, reject: (error: Error) => void): void {
  if (answer.ok) resolve(answer.output);
  else reject(Object.assign(new Error(answer.error.message), answer.error));
}
