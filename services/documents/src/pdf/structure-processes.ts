import { extname } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
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

  /** Throws `Rejected` when there is too much of it, or the signal's reason. */
  async run<W extends Work>(
    work: W,
    input: Parameters<Program[W]>[0],
    signal: AbortSignal,
  ): Promise<ReturnType<Program[W]>> {
    try {
      return await this.#pool.run(PROGRAM, work, input, { signal, timeoutMs: this.seconds * 1_000 });
    } catch (error) {
      signal.throwIfAborted();
      const tooMuch = error instanceof IsolateTimedOut || (error instanceof ChildDied && error.signal !== 'SIGKILL');
      throw tooMuch ? new Rejected('document_failed', MANY, { cause: error }) : error;
    }
  }

  /** Kills every process. */
  close(): void {
    this.#pool.close();
  }
}
