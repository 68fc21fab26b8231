import { findChromium } from './find-chromium.js';
import type { LentPage, PageNeeds } from './lent-page.js';
import { PagePool, type PagePoolOptions } from './page-pool.js';

/** A pool for tests. */
export async function startPool(options: Partial<PagePoolOptions> = {}): Promise<PagePool> {
  const chromium = findChromium(process.env.CHROMIUM_BIN);
  return await PagePool.start({ chromium, policies: () => ({}), ...options });
}

/** Needs of work without scripts and network, unless told otherwise. */
export function needs(more: Partial<PageNeeds> = {}): PageNeeds {
  return { tenant: 'acme', javascript: false, network: false, signal: AbortSignal.timeout(100_000), ...more };
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

/** Opens a URL in the page, and waits until it has loaded. */
export async function goTo({ session }: LentPage, url: string): Promise<void> {
  await session.send('Page.enable');
  const loaded = new Promise((resolve) => session.once('Page.loadEventFired', resolve));
  const { errorText } = await session.send('Page.navigate', { url });
  if (errorText) throw new Error(errorText);
  await loaded;
}

/** The value of an expression in the page, or of its promise. */
export async function evaluate<T>({ session }: LentPage, expression: string): Promise<T> {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

/** Writes a document into the page as it is. */
export async function write({ session, frame }: LentPage, html: string): Promise<void> {
  await session.send('Page.enable');
  const loaded = new Promise((resolve) => session.once('Page.loadEventFired', resolve));
  await session.send('Page.setDocumentContent', { frameId: frame, html });
  await loaded;
}

/** The pid of the browser that lent a page. */
export async function browserPid({ session }: LentPage): Promise<number> {
  const { processInfo } = await session.connection()!.send('SystemInfo.getProcessInfo');
  return processInfo.find(({ type }) => type === 'browser')!.id;
}
