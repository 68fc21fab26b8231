import type { EgressProxy } from '@tandem/egress/egress-proxy';
import { Rejected } from '@tandem/messaging/outcome';
import { documentLoans } from '@tandem/telemetry/metrics';
import { BrowserFailed, type BrowserFault, PageCrashed } from './browser-errors.js';
import type { ChromiumProcess } from './chromium-process.js';
import { draw, type HeldPage, lend, openPage, openReusable, type PageOpener, switchOffScripts } from './held-page.js';
import type { LentPage, PageNeeds } from './lent-page.js';
import { SparePages } from './spare-pages.js';
import { wipePage } from './wipe-page.js';
import { WipedPages } from './wiped-pages.js';

/** Limits of one browser. */
export interface BrowserLimits {
  /** Contexts that are prepared ahead. */
  spares: number;
  /** Resident megabytes (1,000,000 bytes) of one page's process. One more ends the page. */
  pageMb: number;
  /** A browser that does not answer for this long is killed. */
  hangMs: number;
  /** A page that is not clean again after this long is destroyed. */
  wipeMs: number;
}

/** What a page whose work has ended may take to close. One that takes longer may keep its browser from its neighbours. */
const DESTROY_MS = 5_000;
/** Errors of puppeteer that may be the first sign of a browser's end. */
const SIGNS = new Set(['TargetCloseError', 'ProtocolError', 'ConnectionClosedError']);
const SIGN_MS = 500;

/** A browser that runs, and its pages. */
export class PooledBrowser {
  /** Places that are taken now, as `BrowserFleet` counts them, and loans that there have been. */
  loans = 0;
  jobs = 0;
  /** Takes no more work. */
  retired = false;
  readonly startedAt = performance.now();
  /** Aborts with a `BrowserFault` when the browser is of no use any more. */
  readonly #gone = new AbortController();
  readonly #wiped: WipedPages;
  readonly #spares: SparePages;
  #beat: NodeJS.Timeout | undefined;
  /** When a page was ended because of its size. */
  #tooLarge = Number.NEGATIVE_INFINITY;

  constructor(
    readonly process: ChromiumProcess,
    private readonly proxy: EgressProxy,
    private readonly limits: BrowserLimits,
  ) {
    const { browser } = process;
    const opener: PageOpener = {
      root: browser.target().createCDPSession(),
      context: () =>
        browser.createBrowserContext({
          // A proxy of its own gives the context connections and a proxy password of its own.
          proxyServer: proxy.url,
          proxyBypassList: ['<-loopback>'],
          downloadBehavior: { policy: 'deny' },
        }),
    };
    opener.root.catch(() => undefined);
    this.#wiped = new WipedPages(
      () => openReusable(opener),
      (held, lent) => wipePage(held, lent, limits.wipeMs),
      // It has no work any more: until the browser counts as hung, the machine or a neighbour makes it slow.
      (held) => this.#destroy(held, limits.hangMs),
    );
    this.#spares = new SparePages(limits.spares, () => openPage(opener));
    this.#spares.fill();
    browser.once('disconnected', () => this.#end('crashed'));
    void process.exited.then(() => this.#end('crashed'));
    this.#watchForHangs();
  }

  /** Aborts when the browser is of no use any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Lends a page until `work` ends, the signal aborts or the browser fails. */
  async lend<T>(needs: PageNeeds, work: (lent: LentPage) => Promise<T>): Promise<T> {
    this.loans++;
    this.jobs++;
    try {
      return needs.javascript || needs.network
        ? await this.#lendFresh(needs, work)
        : await this.#lendWiped(needs, work);
    } finally {
      this.loans--;
    }
  }

  /** Ends every process. */
  async stop(fault: BrowserFault, how: 'close' | 'kill' = 'kill'): Promise<void> {
    this.#end(fault);
    await this.process[how]();
  }

  /** Ends pages that have grown too large, and tells the resident bytes of all processes. */
  checkMemory(): number {
    const { processes, bytes } = this.process.memory();
    for (const { pid, ownBytes, renderer } of processes) {
      if (!renderer || ownBytes <= this.limits.pageMb * 1e6) continue;
      this.#tooLarge = performance.now();
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // it has ended meanwhile
      }
    }
    return bytes;
  }

  async #lendWiped<T>(needs: PageNeeds, work: (lent: LentPage) => Promise<T>): Promise<T> {
    documentLoans.inc({ kind: 'wiped' });
    const held = await this.#take(needs, () => this.#wiped.take());
    let clean = true;
    let lent: LentPage | undefined;
    try {
      return await this.#guard(needs, held, async () => {
        await draw(held, needs.drawn ?? false);
        lent = await lend(held);
        return work(lent);
      });
    } catch (error) {
      if (this.gone.aborted || needs.signal.aborted || error instanceof BrowserFailed) clean = false;
      throw error;
    } finally {
      if (clean && lent && !this.retired) this.#wiped.giveBack(held, lent);
      else void this.#destroy(held);
    }
  }

  async #lendFresh<T>(needs: PageNeeds, work: (lent: LentPage) => Promise<T>): Promise<T> {
    documentLoans.inc({ kind: 'fresh' });
    const held = await this.#take(needs, () => this.#spares.take());
    const grant = needs.network ? this.proxy.open({ tenant: needs.tenant, onDenied: needs.onDenied }) : undefined;
    try {
      return await this.#guard(needs, held, async () => {
        if (!needs.javascript) await switchOffScripts(held);
        return work({ ...(await lend(held)), grant });
      });
    } finally {
      grant?.close();
      void this.#destroy(held);
    }
  }

  async #take(needs: PageNeeds, take: () => Promise<HeldPage>): Promise<HeldPage> {
    const taking = take();
    try {
      return await this.#guard(needs, undefined, () => taking);
    } catch (cause) {
      // The page comes too late: nobody waits for it any more.
      void taking.then(
        (held) => this.#destroy(held),
        () => undefined,
      );
      if (needs.signal.aborted || cause instanceof BrowserFailed) throw cause;
      this.retired = true;
      throw new BrowserFailed('crashed', { cause });
    }
  }

  /** Runs `step` until it ends, and no longer than the signal, the browser and the page allow. */
  async #guard<T>({ signal }: PageNeeds, held: HeldPage | undefined, step: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.gone.aborted) throw new BrowserFailed(this.gone.reason);
    const stop = Promise.withResolvers<never>();
    const onAbort = () => stop.reject(signal.reason);
    const onGone = () => stop.reject(new BrowserFailed(this.gone.reason));
    const onCrash = () => stop.reject(this.#explainCrash());
    signal.addEventListener('abort', onAbort);
    this.gone.addEventListener('abort', onGone);
    held?.guard.on('Inspector.targetCrashed', onCrash);
    try {
      return await Promise.race([this.#explained(step, stop.promise), stop.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.gone.removeEventListener('abort', onGone);
      held?.guard.off('Inspector.targetCrashed', onCrash);
    }
  }

  /** A browser's end reaches the work first, as a command that fails; what follows a moment later is the reason. */
  async #explained<T>(step: () => Promise<T>, stop: Promise<never>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (this.process.browser.connected && !(error instanceof Error && SIGNS.has(error.name))) throw error;
      let timer: NodeJS.Timeout | undefined;
      const patience = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(error), SIGN_MS);
      });
      return await Promise.race([stop, patience]).finally(() => clearTimeout(timer));
    }
  }

  #explainCrash(): Error {
    if (performance.now() - this.#tooLarge < 5_000) {
      const detail = `The page needs more than ${this.limits.pageMb} MB of memory. Make it smaller: fewer elements, smaller pictures, several documents.`;
      return new Rejected('document_failed', detail);
    }
    // What crashed one page may have harmed the browser: it ends when its other work is done.
    this.retired = true;
    return new PageCrashed();
  }

  /** A page that cannot be closed ends its browser. */
  async #destroy({ context }: HeldPage, withinMs = DESTROY_MS): Promise<void> {
    if (this.gone.aborted) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, withinMs, 'late').unref();
    });
    const closed = context.close().catch(() => undefined);
    if ((await Promise.race([closed, late])) === 'late') await this.stop('hung');
    clearTimeout(timer);
  }

  #watchForHangs(): void {
    this.#beat = setInterval(() => {
      const dead = setTimeout(() => void this.stop('hung'), this.limits.hangMs).unref();
      void this.process.browser.version().then(
        () => clearTimeout(dead),
        () => clearTimeout(dead),
      );
    }, this.limits.hangMs / 4).unref();
  }

  #end(fault: BrowserFault): void {
    clearInterval(this.#beat);
    this.#spares.close();
    this.retired = true;
    this.#gone.abort(fault);
  }
}
