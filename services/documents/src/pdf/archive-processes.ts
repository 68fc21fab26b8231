import { extname } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import type { Archived, ArchiveTask } from './archive-pdf.js';
import type { PdfA } from './pdf-a.js';

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./archive-pdf${extname(import.meta.filename)}`, import.meta.url);
const RUNS = 200;
const MEMORY_MB = 1_024;
const TIMEOUT_MS = 100_000;

/** Makes archives in processes that may hang, fill their memory and be killed. */
@Injectable()
export class ArchiveProcesses implements OnApplicationShutdown {
  // None waits idle: archives are rare, and a process takes 100 MB.
  readonly #pool = new IsolatePool({ size: 0, runsPerChild: RUNS, memoryMb: MEMORY_MB, preload: PROGRAM });

  /** Throws `Rejected` for what the PDF is at fault for; the signal's reason when it aborts. */
  async archive(task: ArchiveTask, signal: AbortSignal): Promise<PdfA> {
    const done = await this.#run(task, signal);
    if ('made' in done) return done.made;
    const { code, detail, cause } = done.fault;
    throw new Rejected(code, detail, { cause });
  }

  onApplicationShutdown(): void {
    this.#pool.close();
  }

  async #run(task: ArchiveTask, signal: AbortSignal): Promise<Archived> {
    try {
      return await this.#pool.run<ArchiveTask, Archived>(PROGRAM, 'archivePdf', task, {
        signal,
        timeoutMs: TIMEOUT_MS,
      });
    } catch (error) {
      signal.throwIfAborted();
      const tooMuch = error instanceof IsolateTimedOut || (error instanceof ChildDied && error.outOfMemory);
      if (!tooMuch) throw error;
      const detail = 'The PDF takes too much memory or time to convert. Split it and archive the parts.';
      throw new Rejected('document_failed', detail, { cause: error });
    }
  }
}
