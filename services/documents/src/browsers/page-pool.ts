import { basename } from 'node:path';
import { type EgressProxy, startEgressProxy } from '@tandem/egress/egress-proxy';
import type { PolicyOf } from '@tandem/egress/policy';
import type { Resolve } from '@tandem/egress/resolve';
import { Rejected } from '@tandem/messaging/outcome';
import type { Logger } from '@tandem/telemetry/logger';
import { documentPageWait, documentRetries } from '@tandem/telemetry/metrics';
import { BrowserFailed, PageCrashed, PoolFull } from './browser-errors.js';
import { BrowserFleet, type RecycleLimits } from './browser-fleet.js';
import type { LentPage, PageNeeds } from './lent-page.js';
import { type BrowserLimits, PooledBrowser } from './pooled-browser.js';
import { type SandboxMode, startInSandbox } from './sandbox.js';
import { WaitingLine } from './waiting-line.js';

/** How the pool runs its browsers. */
export interface PagePoolOptions extends Partial<RecycleLimits>, Partial<BrowserLimits> {
  /** Path of the browser, or a look for one that is made at every start; without one, the pool starts and lends nothing. */
  chromium: string | undefined | (() => string | undefined);
  policies: PolicyOf;
  /** Replaces the look-up of names by the system. */
  resolve?: Resolve;
  /** Pages lent at once. */
  pages?: number;
  browsers?: number;
  /** Pieces of work that may wait for a page. */
  longestLine?: number;
  sandbox?: SandboxMode;
  /** Time between two looks at memory and age. */
  checkMs?: number;
  logger?: Pick<Logger, 'info' | 'warn' | 'error'>;
}

const DEFAULTS = {
  pages: 4,
  browsers: 2,
  longestLine: 1_000,
  sandbox: 'auto',
  jobs: 1_000,
  memoryMb: 1_500,
  ageMs: 3_600_000,
  spares: 1,
  pageMb: 1_000,
  hangMs: 20_000,
  wipeMs: 2_000,
  checkMs: 1_000,
} satisfies Partial<PagePoolOptions>;

const MISSING =
  'Chromium was not found. Install chromium-headless-shell or another Chromium, or set CHROMIUM_BIN to the program.';

// What crashes pages of two browsers would crash more of them with every attempt of its job.
const CRASHING =
  'The page crashed in two browsers, one after the other. Make it simpler: fewer elements, less deeply nested, smaller pictures.';

type Settings = Required<Omit<PagePoolOptions, 'logger' | 'resolve'>> & Pick<PagePoolOptions, 'logger'>;

/** Pages of browsers that run all the time, lent to one piece of work each. */
export class PagePool {
  readonly #line: WaitingLine;
  readonly #fleet: BrowserFleet;
  #sandbox: boolean | undefined;
  #stopped = false;

  private constructor(
    private readonly settings: Settings,
    private readonly proxy: EgressProxy,
  ) {
    this.#line = new WaitingLine(settings.pages, settings.longestLine, () => new PoolFull());
    this.#fleet = new BrowserFleet({
      ...settings,
      size: Math.min(settings.browsers, settings.pages),
      launch: () => this.#launch(),
    });
  }

  /** Starts even without a browser: `problem` tells then why, and one that comes later is used. */
  static async start(options: PagePoolOptions): Promise<PagePool> {
    const { resolve, ...others } = options;
    const settings = { ...DEFAULTS, ...others };
    const pool = new PagePool(settings, await startEgressProxy(settings.policies, { resolve }));
    await pool.#fleet.start();
    return pool;
  }

  /** Why no page can be lent now, when that is so. */
  get problem(): string | undefined {
    return this.#fleet.problem;
  }

  /** Whether the browsers have Chromium's own sandbox; unknown before the first one has started. */
  get sandbox(): boolean | undefined {
    return this.#sandbox;
  }

  /**
   * Lends a page until `work` ends or the signal aborts, which throws its reason. When the browser fails under it, the work
   * runs once more on another one. Throws `BrowserFailed` when that fails too, `Rejected` `document_failed` when the page crashed
   * both times, `BrowserMissing` and `PoolFull`.
   */
  async use<T>(needs: PageNeeds, work: (lent: LentPage) => Promise<T>): Promise<T> {
    const endWait = documentPageWait.startTimer();
    const leave = await this.#line.enter(needs.signal);
    endWait();
    try {
      return await this.#lend(needs, work);
    } catch (error) {
      if (!(error instanceof BrowserFailed) || this.#stopped || needs.signal.aborted) throw error;
      documentRetries.inc();
      this.settings.logger?.warn({ fault: error.fault }, 'a browser failed under a document, which is tried once more');
      return await this.#lendAgain(needs, work, error);
    } finally {
      leave();
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#line.close(new BrowserFailed('stopped'));
    await this.#fleet.stop();
    await this.proxy.stop();
  }

  async #lend<T>(needs: PageNeeds, work: (lent: LentPage) => Promise<T>): Promise<T> {
    const browser = await this.#fleet.place(needs.signal);
    try {
      return await browser.lend(needs, work);
    } finally {
      this.#fleet.returned(browser);
    }
  }

  async #lendAgain<T>(needs: PageNeeds, work: (lent: LentPage) => Promise<T>, first: BrowserFailed): Promise<T> {
    try {
      return await this.#lend(needs, work);
    } catch (second) {
      if (first instanceof PageCrashed && second instanceof PageCrashed)
        throw new Rejected('document_failed', CRASHING);
      throw second;
    }
  }

  async #launch(): Promise<PooledBrowser> {
    const { chromium, sandbox: mode, logger } = this.settings;
    const program = typeof chromium === 'function' ? chromium() : chromium;
    if (!program) throw new Error(MISSING);
    const { process, sandbox } = await startInSandbox(mode, { program, proxyUrl: this.proxy.url });
    if (this.#sandbox !== sandbox) {
      const facts = { program: basename(program), sandbox };
      if (sandbox) logger?.info(facts, 'Chromium runs in its sandbox');
      else logger?.warn(facts, 'Chromium runs without its sandbox: allow unprivileged user namespaces to get it');
    }
    this.#sandbox = sandbox;
    return new PooledBrowser(process, this.proxy, this.settings);
  }
}
