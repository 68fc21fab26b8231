import type { Protocol } from 'puppeteer-core';
import type { JobPage } from './job-page.js';
import type { MainPage } from './main-page.js';

/** A script threw. Its message is that of the page. */
export class ScriptFailed extends Error {}

const PAGE_LEFT = /context|navigated|Cannot find/i;
const AGAIN_MS = 50;

/** Runs our scripts in the page. Scripts of the page neither see them nor can they change what they call. */
export class PageScripts {
  #world: Promise<number> | undefined;

  constructor(
    private readonly job: JobPage,
    private readonly main: MainPage,
  ) {}

  /** The value of an expression, or of its promise. Begins again when the page leads elsewhere meanwhile. */
  async run<T>(expression: string): Promise<T> {
    for (;;) {
      try {
        // Where scripts of the page never ran, they cannot have changed anything.
        return await this.#evaluate<T>(expression, this.job.javascript ? await this.#worldOfOurs() : undefined);
      } catch (error) {
        if (error instanceof ScriptFailed || this.job.deadline.signal.aborted || !isLeft(error)) throw error;
        this.#world = undefined;
        await this.pause(AGAIN_MS);
      }
    }
  }

  /** The value of an expression among the scripts of the page. */
  async runInPage<T>(expression: string): Promise<T | undefined> {
    try {
      return await this.#evaluate<T>(expression, undefined);
    } catch (error) {
      if (!isLeft(error)) throw error;
      return undefined;
    }
  }

  /** What is wrong with the letters of an expression, which is not run. */
  async syntaxFault(expression: string): Promise<string | undefined> {
    const params = { expression, sourceURL: '', persistScript: false };
    try {
      const { exceptionDetails } = await this.job.send('Runtime.compileScript', params);
      return exceptionDetails && messageOf(exceptionDetails);
    } catch (error) {
      if (!isLeft(error)) throw error;
      return undefined;
    }
  }

  pause(ms: number): Promise<void> {
    return this.job.deadline.race(new Promise((resolve) => setTimeout(resolve, ms)));
  }

  #worldOfOurs(): Promise<number> {
    this.#world ??= this.job
      .send('Page.createIsolatedWorld', { frameId: this.main.frame, worldName: 'tandem' })
      .then(({ executionContextId }) => executionContextId);
    return this.#world;
  }

  async #evaluate<T>(expression: string, contextId: number | undefined): Promise<T> {
    const params: Protocol.Runtime.EvaluateRequest = { expression, contextId, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.job.send('Runtime.evaluate', params);
    if (exceptionDetails) throw new ScriptFailed(messageOf(exceptionDetails));
    return result.value;
  }
}

function messageOf({ exception, text }: Protocol.Runtime.ExceptionDetails): string {
  return exception?.description?.split('\n')[0] ?? text;
}

function isLeft(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Protocol error') && PAGE_LEFT.test(error.message);
}
