import { extname } from 'node:path';
import type { TemplateBundle } from '@tandem/contracts/template';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import { WaitingLine } from '../browsers/waiting-line.js';
import type { WrittenPage } from '../render/page-content.js';
import { type FillOptions, fillTask, prepareTemplate, writtenPage } from './fill-template.js';
import type { FilledTexts, FillTask } from './fill-texts.js';

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./fill-texts${extname(import.meta.filename)}`, import.meta.url);
/** Compiled templates stay in a process, so it is used for long; what V8 does not give back ends with it. */
const RUNS = 5_000;
/** Liquid's own limits name the line; these are for what passes by them. */
const KILL_AFTER_MS = 10_000;
const MEMORY_MB = 512;
/** What a process may hold when a template is done, so that enough is left for the next one: a share of its memory. */
const REST = 0.6;

/** How the processes are set up. */
export interface TemplateFillerOptions {
  /** Processes, and so templates that are filled at once. */
  size: number;
  /** Milliseconds after which a process is killed with what it fills; 10,000 by default. */
  killAfterMs?: number;
  /** Resident memory at which one is ended, in megabytes; 512 by default. */
  memoryMb?: number;
}

/** Fills templates of tenants, in processes that may hang, fill their memory and be killed. */
export class TemplateFiller {
  readonly #pool: IsolatePool;
  readonly #killAfterMs: number;
  readonly #memoryMb: number;
  readonly #line: WaitingLine;

  constructor({ size, killAfterMs = KILL_AFTER_MS, memoryMb = MEMORY_MB }: TemplateFillerOptions) {
    this.#pool = new IsolatePool({
      size,
      runsPerChild: RUNS,
      memoryMb,
      restMb: memoryMb * REST,
      preload: PROGRAM,
    });
    this.#killAfterMs = killAfterMs;
    this.#memoryMb = memoryMb;
    this.#line = new WaitingLine(size);
  }

  /** As `fillTemplate`. Throws `Rejected` with what the template is at fault for; the signal's reason when it aborts. */
  async fill(
    bundle: TemplateBundle,
    data: unknown,
    { signal, ...options }: FillOptions & { signal: AbortSignal },
  ): Promise<WrittenPage> {
    const template = prepareTemplate(bundle);
    const task = fillTask(bundle, data, options);
    const leave = await this.#line.enter(signal);
    try {
      const limits = { signal, timeoutMs: this.#killAfterMs };
      const texts = await this.#pool.run<FillTask, FilledTexts>(PROGRAM, 'fillTexts', task, limits);
      return writtenPage(bundle, template, texts);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#explain(error);
    } finally {
      leave();
    }
  }

  /** Called by Nest. */
  onApplicationShutdown(): void {
    this.close();
  }

  /** Kills every process. */
  close(): void {
    this.#pool.close();
  }

  #explain(cause: unknown): unknown {
    if (cause instanceof IsolateTimedOut) return failed(`takes more than ${this.#killAfterMs / 1_000} s`, cause);
    if (cause instanceof ChildDied && cause.outOfMemory)
      return failed(`needs more than ${this.#memoryMb} MB of memory`, cause);
    // A kill from outside is, most likely, the kernel's for want of memory: another attempt may do.
    if (cause instanceof ChildDied && cause.signal !== 'SIGKILL')
      return failed('makes a text or a list that is too long', cause);
    // What the other process threw comes as a plain Error.
    const { name, code, detail } = cause as Rejected;
    return name === 'Rejected' ? new Rejected(code, detail, { cause }) : cause;
  }
}

function failed(what: string, cause: Error): Rejected {
  const detail = `The template ${what}. Use less data, or fewer loops in loops.`;
  return new Rejected('document_failed', detail, { cause });
}
