import { randomUUID } from 'node:crypto';
import { type EgressProxy, startEgressProxy } from '@tandem/egress/egress-proxy';
import type { PolicyOf } from '@tandem/egress/policy';
import puppeteer, { type Browser } from 'puppeteer-core';
import type { LentPage, PageNeeds } from './lent-page.js';

/** How the pool runs its browsers. */
export interface PagePoolOptions {
  /** Path of the browser. */
  chromium: string;
  policies: PolicyOf;
}

/** Pages of browsers that run all the time, lent to one piece of work each. */
export class PagePool {
  private constructor(
    private readonly browser: Browser,
    private readonly proxy: EgressProxy,
  ) {}

  static async start({ chromium, policies }: PagePoolOptions): Promise<PagePool> {
    const proxy = await startEgressProxy(policies);
    const browser = await puppeteer.launch({
      executablePath: chromium,
      headless: 'shell',
      pipe: true,
      args: [
        '--no-sandbox',
        '--disable-dev-shm-usage',
        '--disable-quic',
        '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
        `--proxy-server=${proxy.url}`,
        '--proxy-bypass-list=<-loopback>',
      ],
    });
    return new PagePool(browser, proxy);
  }

  /** Lends a page until `work` ends or the signal aborts. */
  async use<T>(needs: PageNeeds, work: (lent: LentPage) => Promise<T>): Promise<T> {
    const context = await this.browser.createBrowserContext();
    const grant = needs.network ? this.proxy.open({ tenant: needs.tenant }) : undefined;
    try {
      const page = await context.newPage();
      await page.setJavaScriptEnabled(needs.javascript);
      const session = await page.createCDPSession();
      return await work({ page, session, origin: `https://${randomUUID()}.document.invalid`, grant });
    } finally {
      grant?.close();
      await context.close();
    }
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.proxy.stop();
  }
}
