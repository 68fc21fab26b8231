import type { Logger } from '@tandem/telemetry/logger';
import { documentBrowserRestarts, documentBrowsers } from '@tandem/telemetry/metrics';
import { BrowserFailed, BrowserMissing } from './browser-errors.js';
import type { ChromiumStartFailed } from './chromium-process.js';
import type { PooledBrowser } from './pooled-browser.js';

/** When a browser is replaced by a new one. */
export interface RecycleLimits {
  jobs: number;
  /** Resident megabytes (1,000,000 bytes) of all its processes. */
  memoryMb: number;
  ageMs: number;
}

/** How the browsers are kept. */
export interface FleetOptions extends RecycleLimits {
  size: number;
  /** Time between two looks at memory and age. */
  checkMs: number;
  logger?: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Starts a browser; throws an `Error` whose message tells an operator what to change. */
  launch: () => Promise<PooledBrowser>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Keeps so many browsers running, whatever happens to them. */
export class BrowserFleet {
  readonly #browsers = new Set<PooledBrowser>();
  #starting = 0;
  #replacing = false;
  #stopped = false;
  #problem: string | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #again: NodeJS.Timeout | undefined;
  #changed = Promise.withResolvers<void>();
  readonly #checks: NodeJS.Timeout;

  constructor(private readonly options: FleetOptions) {
    this.#checks = setInterval(() => this.#check(), options.checkMs).unref();
  }

  /** Why there is no browser at all, when that is so. */
  get problem(): string | undefined {
    return this.#open().length > 0 ? undefined : this.#problem;
  }

  /** Resolves when each browser has started, or has failed to. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.options.size }, () => this.#startOne()));
  }

  /**
   * A place in the browser with the least to do, to be given back to `returned`; waits for a browser that is being started. Throws
   * `BrowserMissing`.
   */
  async place(signal: AbortSignal): Promise<PooledBrowser> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#stopped) throw new BrowserFailed('stopped');
      const [first, ...others] = this.#open();
      if (first) {
        const least = others.reduce((best, browser) => (browser.loans < best.loans ? browser : best), first);
        least.loans++; // at once: a browser without work may be ended
        return least;
      }
      if (this.#problem) throw new BrowserMissing(this.#problem);
      await this.#change(signal);
    }
  }

  /** Gives a place back: replaces the browser when it is due, ends it when it was replaced. */
  returned(browser: PooledBrowser): void {
    browser.loans--;
    if (browser.jobs >= this.options.jobs) this.#replace(browser, 'jobs');
    this.#settle(browser);
    this.#fill();
  }

  /** Ends all processes. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#checks);
    clearTimeout(this.#again);
    this.#tell();
    await Promise.all([...this.#browsers].map((browser) => browser.stop('stopped', 'close')));
  }

  #open(): PooledBrowser[] {
    return [...this.#browsers].filter(({ retired }) => !retired);
  }

  #check(): void {
    for (const browser of this.#browsers) {
      const bytes = browser.checkMemory();
      if (bytes > this.options.memoryMb * 1e6) this.#replace(browser, 'memory');
      else if (performance.now() - browser.startedAt > this.options.ageMs) this.#replace(browser, 'age');
    }
  }

  /** The new browser is there before the old one takes no more work. One at a time, so that there is memory for both. */
  #replace(old: PooledBrowser, reason: 'jobs' | 'memory' | 'age'): void {
    if (old.retired || this.#replacing || this.#stopped) return;
    this.#replacing = true;
    void this.#startOne().then((started) => {
      this.#replacing = false;
      if (!started) return;
      documentBrowserRestarts.inc({ reason });
      old.retired = true;
      this.#settle(old);
    });
  }

  /** Ends a browser that takes no more work, once it has none left. */
  #settle(browser: PooledBrowser): void {
    if (!browser.retired || browser.loans > 0 || !this.#browsers.delete(browser)) return;
    documentBrowsers.set(this.#browsers.size);
    void browser.stop('stopped', 'close');
  }

  #fill(): void {
    if (this.#stopped || this.#again) return;
    for (let missing = this.options.size - this.#open().length - this.#starting; missing > 0; missing--)
      void this.#startOne();
  }

  async #startOne(): Promise<boolean> {
    this.#starting++;
    try {
      this.#add(await this.options.launch());
      return true;
    } catch (error) {
      this.#failed(error as Error);
      return false;
    } finally {
      this.#starting--;
      this.#tell();
    }
  }

  #add(browser: PooledBrowser): void {
    if (this.#stopped) return void browser.stop('stopped');
    this.#problem = undefined;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#browsers.add(browser);
    documentBrowsers.set(this.#browsers.size);
    browser.gone.addEventListener('abort', () => {
      if (!this.#browsers.delete(browser)) return; // it was its time
      documentBrowsers.set(this.#browsers.size);
      documentBrowserRestarts.inc({ reason: browser.gone.reason });
      if (!this.#stopped) this.options.logger?.warn({ fault: browser.gone.reason }, 'a browser ended');
      this.#fill();
    });
  }

  #failed(error: Error): void {
    if (this.#stopped) return;
    if (error.message !== this.#problem)
      this.options.logger?.error(
        { reason: error.message, lastWords: (error as ChromiumStartFailed).lastWords },
        'Chromium does not start',
      );
    this.#problem = error.message;
    this.#again ??= setTimeout(() => {
      this.#again = undefined;
      this.#fill();
    }, this.#pauseMs).unref();
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
  }

  async #change(signal: AbortSignal): Promise<void> {
    let wake: (() => void) | undefined;
    const aborted = new Promise<void>((resolve) => {
      wake = resolve;
    });
    signal.addEventListener('abort', wake!, { once: true });
    await Promise.race([this.#changed.promise, aborted]);
    signal.removeEventListener('abort', wake!);
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
