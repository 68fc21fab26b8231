import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Rejected } from '@tandem/messaging/outcome';
import { IsolatePool } from '@tandem/runtime/isolate-pool';
import { ChildDied, IsolateTimedOut } from '@tandem/runtime/isolated-child';
import { WaitingLine } from '../browsers/waiting-line.js';
import type { Typeset, Typesetting } from './layout-process.js';

/** `.ts` when run from the sources (Node strips the types), `.js` when built. */
const PROGRAM = new URL(`./layout-process${extname(import.meta.filename)}`, import.meta.url);
/** Enough to spread the start of a process and the reading of fonts. */
const RUNS = 1_000;
const MEMORY_MB = 1_000;
/** A document of a hundred pages leaves some 40 MB behind, which Typst keeps for good. */
const REST_MB = 500;
const PROBE_MS = 10_000;
const AT_ONCE = availableParallelism();
/** Nobody listens there: Typst would fetch packages by itself, from a host of its own. */
const NOWHERE = 'http://127.0.0.1:9';
const ENVIRONMENT = { HTTP_PROXY: NOWHERE, HTTPS_PROXY: NOWHERE, ALL_PROXY: NOWHERE, https_proxy: NOWHERE };

/** How long one document may take once its turn has come, and what ends it before. */
interface TypesettingLimits {
  seconds: number;
  signal: AbortSignal;
}

/** Runs Typst in processes that may hang, grow and be killed. */
export class LayoutProcesses {
  // As many as there are cores: one more would be started for its one document, which takes longer than a turn.
  readonly #line = new WaitingLine(AT_ONCE);
  readonly #pool = new IsolatePool({
    size: AT_ONCE,
    runsPerChild: RUNS,
    memoryMb: MEMORY_MB,
    restMb: REST_MB,
    env: ENVIRONMENT,
    preload: PROGRAM,
  });

  /** Whether Typst runs here: it has no program for every kind of machine. Throws where the machine had no time or memory to tell. */
  async probe(): Promise<boolean> {
    try {
      return await this.#pool.run<undefined, boolean>(PROGRAM, 'probe', undefined, { timeoutMs: PROBE_MS });
    } catch (error) {
      const mayPass = error instanceof IsolateTimedOut || (error instanceof ChildDied && error.signal === 'SIGKILL');
      if (mayPass) throw error;
      return false;
    }
  }

  /** Sets one document within `seconds`. Throws `Rejected` with what the layout is at fault for, or the signal's reason. */
  async typeset(input: Typesetting, { seconds, signal }: TypesettingLimits): Promise<Typeset> {
    const leave = await this.#line.enter(signal);
    try {
      return await this.#pool.run<Typesetting, Typeset>(PROGRAM, 'typeset', input, {
        signal,
        timeoutMs: seconds * 1_000,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw explain(error, seconds);
    } finally {
      leave();
    }
  }

  /** Kills every process. */
  close(): void {
    this.#pool.close();
  }
}

function explain(cause: unknown, seconds: number): unknown {
  if (cause instanceof IsolateTimedOut) {
    const detail = `The layout of the template takes more than ${seconds} s. Look for loops that grow with the data, or set load.timeoutSeconds higher (110 at most).`;
    return new Rejected('timeout', detail, { cause });
  }
  if (cause instanceof ChildDied) {
    // Not the layout's fault but, most likely, the kernel's, for want of memory: another attempt may do.
    if (cause.signal === 'SIGKILL') return cause;
    const why = cause.outOfMemory ? `needs more than ${MEMORY_MB} MB of memory` : 'crashes Typst';
    return new Rejected('document_failed', `The layout of the template ${why}. Make it simpler.`, { cause });
  }
  // What the other process threw comes as a plain Error.
  const { name, code, detail } = cause as Rejected;
  return name === 'Rejected' ? new Rejected(code, detail, { cause }) : cause;
}
