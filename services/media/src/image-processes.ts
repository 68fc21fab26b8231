import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, type IsolateLimits, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import { allocatorEnvironment } from './allocator.js';
import type * as program from './image-process.js';

type Program = typeof program;
/** The functions of an image process. */
export type ImageWork = keyof Program;
type Input<W extends ImageWork> = Parameters<Program[W]>[0];
type Output<W extends ImageWork> = Awaited<ReturnType<Program[W]>>;
type Note<W extends ImageWork> = Parameters<Program[W]> extends [unknown, (note: infer N) => void] ? N : never;

/** Limits of one piece of work. */
export interface ImageWorkLimits<W extends ImageWork> {
  signal: AbortSignal;
  seconds: number;
  onNote?: (note: Note<W>) => void;
}

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./image-process${extname(import.meta.filename)}`, import.meta.url);
/** Enough to spread the start of a process, few enough that what a decoder leaks does not add up. */
const RUNS = 500;

/** How the processes are set up. */
export interface ImageProcessOptions {
  /** Processes that are kept ready; 0 means one for each core. */
  size: number;
  /** Megabytes (1,048,576 bytes) of resident memory that one may have. */
  memoryMb: number;
  /** Path of jemalloc; by default the one that the machine has. */
  jemalloc: string | undefined;
}

/** Runs everything that touches the bytes of an image in processes that may crash, hang and be killed. */
export class ImageProcesses {
  readonly #pool: IsolatePool;
  readonly #memoryMb: number;

  constructor({ size, memoryMb, jemalloc }: ImageProcessOptions) {
    // One image at a time in each, and of that two renditions at most.
    const env = { UV_THREADPOOL_SIZE: '2', ...allocatorEnvironment(jemalloc) };
    this.#pool = new IsolatePool({
      size: size || availableParallelism(),
      runsPerChild: RUNS,
      memoryMb,
      env,
      preload: PROGRAM,
    });
    this.#memoryMb = memoryMb;
  }

  /** Throws `Rejected` with what the image is at fault for; `TimedOut`, or the signal's reason. */
  async run<W extends ImageWork>(work: W, input: Input<W>, limits: ImageWorkLimits<W>): Promise<Output<W>> {
    const { signal, seconds } = limits;
    try {
      return await this.#pool.run<Input<W>, Output<W>>(PROGRAM, work, input, {
        signal,
        timeoutMs: seconds * 1_000,
        onNote: limits.onNote as IsolateLimits['onNote'],
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#explain(error, seconds);
    }
  }

  /** Kills every process. */
  close(): void {
    this.#pool.close();
  }

  #explain(cause: unknown, seconds: number): unknown {
    if (cause instanceof IsolateTimedOut) {
      const detail = `The image takes more than ${seconds} s. Make it smaller or simpler: huge pictures, many frames, and filters and nested <use> elements in SVG cost most.`;
      return new Rejected('timeout', detail, { cause });
    }
    if (cause instanceof ChildDied) return this.#explainDeath(cause);
    // What the other process threw comes as a plain Error.
    const { name, code, detail } = cause as Rejected;
    return name === 'Rejected' ? new Rejected(code, detail, { cause }) : cause;
  }

  #explainDeath(cause: ChildDied): unknown {
    if (cause.outOfMemory) {
      const detail = `The image needs more than ${this.#memoryMb} MB of memory. Make it smaller.`;
      return new Rejected('image_too_large', detail, { cause });
    }
    // Not the image's fault but, most likely, the kernel's, for want of memory: another attempt may do.
    if (cause.signal === 'SIGKILL') return cause;
    const detail = 'The image crashes its decoder. Open it in an editor, export it again and upload that.';
    return new Rejected('image_unreadable', detail, { cause });
  }
}
