import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, type IsolateLimits, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import type * as program from './page-process.js';
import { unreadable } from './pdf-errors.js';
import { millisecondsUntil } from './run-bounded.js';

type Program = typeof program;
/** The functions of a page process. */
export type PageWork = keyof Program;
type Input<W extends PageWork> = Parameters<Program[W]>[0];
type Output<W extends PageWork> = Awaited<ReturnType<Program[W]>>;
type Note<W extends PageWork> = Parameters<Program[W]> extends [unknown, (note: infer N) => void] ? N : never;

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./page-process${extname(import.meta.filename)}`, import.meta.url);
/** Enough to spread the start of a process, few enough that what pdf-lib keeps of names and numbers does not add up. */
const RUNS = 100;

/** Runs everything that reads the pages of PDFs in processes that may crash, hang and be killed. */
export class PageProcesses {
  readonly #pool: IsolatePool;

  /** `memoryMb` megabytes (1,048,576 bytes) and `seconds` for each piece of work. */
  constructor(
    private readonly memoryMb: number,
    private readonly seconds: number,
    size = availableParallelism(),
  ) {
    this.#pool = new IsolatePool({
      size,
      runsPerChild: RUNS,
      memoryMb,
      env: { UV_THREADPOOL_SIZE: '2' },
      preload: PROGRAM,
    });
  }

  /**
   * Throws `Rejected` with what the document is at fault for, or the signal's reason. `deadline` is that of a job which works on
   * its document in other processes too.
   */
  async run<W extends PageWork>(
    work: W,
    input: Input<W>,
    { signal, deadline, onNote }: { signal: AbortSignal; deadline?: number; onNote?: (note: Note<W>) => void },
  ): Promise<Output<W>> {
    try {
      return await this.#pool.run<Input<W>, Output<W>>(PROGRAM, work, input, {
        signal,
        timeoutMs: deadline === undefined ? this.seconds * 1_000 : millisecondsUntil(deadline),
        onNote: onNote as IsolateLimits['onNote'],
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#explain(error);
    }
  }

  /** Kills every process. */
  close(): void {
    this.#pool.close();
  }

  #explain(cause: unknown): unknown {
    if (cause instanceof IsolateTimedOut) {
      const detail = `The document takes more than ${this.seconds} s. Take fewer pages at once, or a simpler document.`;
      return new Rejected('timeout', detail, { cause });
    }
    if (cause instanceof ChildDied && cause.outOfMemory) {
      const detail = `The document needs more than ${this.memoryMb} MB of memory. Take fewer pages at once, or a simpler document.`;
      return new Rejected('document_failed', detail, { cause });
    }
    if (cause instanceof ChildDied) {
      // Not the document's fault but, most likely, the kernel's, for want of memory: another attempt may do.
      return cause.signal === 'SIGKILL' ? cause : unreadable('It breaks the program that reads it.', cause);
    }
    // What the other process threw comes as a plain Error.
    const { name, code, detail } = cause as Rejected;
    return name === 'Rejected' ? new Rejected(code, detail, { cause }) : cause;
  }
}
