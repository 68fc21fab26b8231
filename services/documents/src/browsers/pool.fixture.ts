import { atEndOfFile } from '@tandem/testing/cleanup';
import { findChromium } from './find-chromium.js';
import type { LentPage, PageNeeds } from './lent-page.js';
import { PagePool, type PagePoolOptions } from './page-pool.js';

/** A pool for one test file, stopped at its end. */
export async function testPool(options: Partial<PagePoolOptions> = {}): Promise<PagePool> {
  const chromium = findChromium(process.env.CHROMIUM_BIN);
  const pool = await PagePool.start({ chromium, policies: () => ({}), ...options });
  atEndOfFile(() => pool.stop());
  return pool;
}

/** Needs of work without scripts and network, unless told otherwise. */
export function needs(more: Partial<PageNeeds> = {}): PageNeeds {
  return { tenant: 'acme', javascript: false, network: false, signal: new AbortController().signal, ...more };
}

/** What the server of a page answers for a path; another path gets an empty page. */
export type Site = Record<string, { type?: string; body?: string; headers?: Record<string, string> }>;

/** Answers all requests of a lent page, whatever their host. */
export async function serve({ session }: LentPage, site: Site = {}): Promise<void> {
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const { type = 'text/html', body = '', headers = {} } = site[new URL(request.url).pathname] ?? {};
    const responseHeaders = Object.entries({ 'content-type': type, ...headers }).map(([name, value]) => ({
      name,
      value,
    }));
    void session
      .send('Fetch.fulfillRequest', {
        requestId,
        responseCode: 200,
        responseHeaders,
        body: Buffer.from(body).toString('base64'),
      })
      .catch(() => undefined);
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: '*' }] });
}

/** The pid of the browser that lent a page. */
export async function browserPid({ page }: LentPage): Promise<number> {
  const session = await page.browser().target().createCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.find(({ type }) => type === 'browser')!.id;
}
