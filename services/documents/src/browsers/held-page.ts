import { randomUUID } from 'node:crypto';
import type { BrowserContext, CDPSession, Page } from 'puppeteer-core';
import type { LentPage } from './lent-page.js';

/** A page in a browser context of its own, which the pool holds. */
export interface HeldPage {
  context: BrowserContext;
  page: Page;
  /** The pool's own session, which no borrower gets. */
  guard: CDPSession;
}

/** Opens a blank page in a new context that shares nothing with any other: cookies, storage, caches, connections, processes. */
export async function openPage(
  open: () => Promise<BrowserContext>,
  { javascript }: { javascript: boolean },
): Promise<HeldPage> {
  const context = await open();
  try {
    const page = await context.newPage();
    const guard = await page.createCDPSession();
    await Promise.all([guard.send('Page.enable'), ...(javascript ? [] : [page.setJavaScriptEnabled(false)])]);
    return { context, page, guard };
  } catch (error) {
    await context.close().catch(() => undefined);
    throw error;
  }
}

/** What the borrower of a page gets: a session that nobody had before, and an origin that nobody will have again. */
export async function lend({ page }: HeldPage): Promise<LentPage> {
  const session: CDPSession = await page.createCDPSession();
  return { page, session, origin: `https://${randomUUID()}.document.invalid` };
}
