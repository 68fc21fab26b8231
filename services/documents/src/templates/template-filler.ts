import { extname } from 'node:path';
import type { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import type { WrittenPage } from '../render/page-content.js';
import { type FillOptions, fillTask, prepareTemplate, writtenPage } from './fill-template.js';
import type { FilledTexts, FillTask } from './fill-texts.js';

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./fill-texts${extname(import.meta.filename)}`, import.meta.url);
/** Compiled templates stay in a process, so it is used for long; what V8 does not give back ends with it. */
const RUNS = 5_000;
/** Liquid's own limits name the line, and are 2 s for each of three parts; these are for what passes by them. */
const KILL_AFTER_MS = 8_000;
const MEMORY_MB = 512;

/** How the processes are set up. */
export interface TemplateFillerOptions {
  /** Processes that are kept ready. */
  size: number;
  /** Milliseconds after which a process is killed with what it fills; 8,000 by default. */
  killAfterMs?: number;
}

/** Fills templates of tenants, in processes that may hang, fill their memory and be killed. */
export class TemplateFiller {
  readonly #pool: IsolatePool;
  readonly #killAfterMs: number;

  constructor({ size, killAfterMs = KILL_AFTER_MS }: TemplateFillerOptions) {
    this.#pool = new IsolatePool({ size, runsPerChild: RUNS, memoryMb: MEMORY_MB, preload: PROGRAM });
    this.#killAfterMs = killAfterMs;
  }

  /** As `fillTemplate`. Throws `Rejected` with what the template is at fault for; the signal's reason when it aborts. */
  async fill(
    bundle: TemplateBundle,
    data: unknown,
    { signal, ...options }: FillOptions & { signal: AbortSignal },
  ): Promise<WrittenPage> {
    const template = prepareTemplate(bundle);
    const task = fillTask(template, data, options);
    const limits = { signal, timeoutMs: this.#killAfterMs };
    try {
      const filled = await this.#pool.run<FillTask, FilledTexts>(PROGRAM, 'fillTexts', task, limits);
      return writtenPage(bundle, template, filled);
    } catch (error) {
      signal.throwIfAborted();
      throw explain(error, this.#killAfterMs);
    }
  }

  /** Kills every process. */
  close(): void {
    this.#pool.close();
  }
}

function explain(cause: unknown, killAfterMs: number): unknown {
  if (cause instanceof IsolateTimedOut) {
    const detail = `The template takes more than ${killAfterMs / 1_000} s. Use less data, or fewer loops in loops.`;
    return new Rejected('document_failed', detail, { cause });
  }
  // A kill from outside is, most likely, the kernel's for want of memory: another attempt may do.
  if (cause instanceof ChildDied && cause.signal !== 'SIGKILL') {
    const detail = `The template needs more than ${MEMORY_MB} MB of memory, or makes a text that is too long. Use less data, or fewer loops in loops.`;
    return new Rejected('document_failed', detail, { cause });
  }
  // What the other process threw comes as a plain Error.
  const { name, code, detail } = cause as Rejected;
  return name === 'Rejected' ? new Rejected(code, detail, { cause }) : cause;
}
