import { extname } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import { millisecondsUntil } from './run-bounded.js';
import type * as program from './structure-process.js';

type Program = typeof program;
type Work = keyof Program;

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./structure-process${extname(import.meta.filename)}`, import.meta.url);
const RUNS = 200;
const MANY = 'The documents have too many links, bookmarks and objects to be worked on. Take fewer pages at once.';

/** Runs what reads the structure of documents in processes that may be killed. */
export class StructureProcesses {
  readonly #pool: IsolatePool;

  constructor(
    memoryMb: number,
    private readonly seconds: number,
  ) {
    this.#pool = new IsolatePool({ size: 1, runsPerChild: RUNS, memoryMb, preload: PROGRAM });
  }

  /** Throws `Rejected` when there is too much of it, or the signal's reason. `deadline` is that of the job, see `Qpdf`. */
  async run<W extends Work>(
    work: W,
    input: Parameters<Program[W]>[0],
    { signal, deadline }: { signal: AbortSignal; deadline: number },
  ): Promise<ReturnType<Program[W]>> {
    try {
      return await this.#pool.run(PROGRAM, work, input, { signal, timeoutMs: millisecondsUntil(deadline) });
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
      const detail = `The work on the documents takes more than ${this.seconds} s. Take fewer pages at once.`;
      return new Rejected('timeout', detail, { cause });
    }
    const tooMuch = cause instanceof ChildDied && cause.signal !== 'SIGKILL';
    return tooMuch ? new Rejected('document_failed', MANY, { cause }) : cause;
  }
}
