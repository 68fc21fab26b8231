import { randomUUID } from 'node:crypto';
import type { BrowserContext, CDPSession, Protocol, Target } from 'puppeteer-core';
import type { LentPage } from './lent-page.js';

/**
 * A page in a browser context of its own, which the pool holds. It is no puppeteer `Page`: that enables domains which tell of every
 * document and request, and gives each document two JavaScript contexts, a tenth of the processor time of a print.
 */
export interface HeldPage {
  context: BrowserContext;
  target: Target;
  /** The pool's own session, which no borrower gets. */
  guard: CDPSession;
  frame: string;
  /** Whether what it shows is drawn. */
  drawn: boolean;
  /** Of the window, as it was at first: a window that is not shown keeps the size that it was given for a job. */
  size?: string;
  /** What the next borrower gets, when that has been prepared. */
  next?: Pick<LentPage, 'session' | 'origin'>;
}

/** Opens contexts and pages of a browser. */
export interface PageOpener {
  context(): Promise<BrowserContext>;
  /** A session of the browser itself. */
  root: Promise<CDPSession>;
}

const EVERY_REQUEST = { patterns: [{ urlPattern: '*' }] };
const EMPTY = { responseCode: 200, responseHeaders: [{ name: 'content-type', value: 'text/html; charset=utf-8' }] };

/** Opens a blank page in a new context that shares nothing with any other: cookies, storage, caches, connections, processes. */
export async function openPage(opener: PageOpener): Promise<HeldPage> {
  const context = await opener.context();
  try {
    const root = await opener.root;
    await root.send('Target.createTarget', { url: 'about:blank', browserContextId: context.id });
    const target = await context.waitForTarget((one) => one.type() === 'page');
    const guard = await target.createCDPSession();
    const [{ frameTree }] = await Promise.all([
      guard.send('Page.getFrameTree'),
      guard.send('Page.enable'),
      guard.send('Inspector.enable'), // tells of a crash
    ]);
    return { context, target, guard, frame: frameTree.frame.id, drawn: true };
  } catch (error) {
    await context.close().catch(() => undefined);
    throw error;
  }
}

/** Opens a page without scripts that can be wiped and used again. */
export async function openReusable(opener: PageOpener): Promise<HeldPage> {
  const held = await openPage(opener);
  try {
    await Promise.all([switchOffScripts(held), draw(held, false)]);
    await moveOn(held);
    held.size = await windowSize(held);
    return held;
  } catch (error) {
    await held.context.close().catch(() => undefined);
    throw error;
  }
}

export async function switchOffScripts({ guard }: HeldPage): Promise<void> {
  await guard.send('Emulation.setScriptExecutionDisabled', { value: true });
}

/**
 * Shows the window of a page, or not. In one that is not shown nothing is drawn, which a quarter of the processor time of a print
 * goes to, and nobody looks at it.
 */
export async function draw(held: HeldPage, drawn: boolean): Promise<void> {
  if (held.drawn === drawn) return;
  const { windowId } = await held.guard.send('Browser.getWindowForTarget');
  const windowState = drawn ? 'normal' : 'minimized';
  await held.guard.send('Browser.setWindowBounds', { windowId, bounds: { windowState } });
  held.drawn = drawn;
}

/** Inner size of the window in CSS pixels, and the pixels of each. */
export async function windowSize({ guard }: HeldPage): Promise<string> {
  const { result } = await guard.send('Runtime.evaluate', {
    expression: '[innerWidth, innerHeight, devicePixelRatio].join()',
  });
  return result.value;
}

/**
 * Replaces the document by an empty one, at an origin that nobody had before and with a session that nobody had before. A new
 * document has new fonts, styles and policies.
 */
export async function moveOn(held: HeldPage): Promise<void> {
  const { target, guard } = held;
  const session = await target.createCDPSession();
  const origin = newOrigin();
  const loaded = loadedAt(guard, `${origin}/`);
  session.once('Fetch.requestPaused', ({ requestId }) => {
    session.send('Fetch.fulfillRequest', { requestId, ...EMPTY }).catch(() => undefined);
  });
  // One after the other on the wire, but nobody waits between them.
  const [, , { errorText }] = await Promise.all([
    session.send('Fetch.enable', EVERY_REQUEST),
    session.send('Page.enable'),
    guard.send('Page.navigate', { url: `${origin}/` }),
  ]);
  if (errorText) throw new Error(`the page does not leave: ${errorText}`);
  await loaded;
  held.next = { session, origin };
}

/** Resolves when a page has loaded: before that, its history still ends with the page that it left. */
function loadedAt(guard: CDPSession, url: string): Promise<void> {
  return new Promise((resolve) => {
    const onNavigated = ({ frame }: Protocol.Page.FrameNavigatedEvent) => {
      if (frame.parentId || frame.url !== url) return;
      guard.off('Page.frameNavigated', onNavigated);
      guard.once('Page.loadEventFired', () => resolve());
    };
    guard.on('Page.frameNavigated', onNavigated);
  });
}

/** What the borrower of a page gets: a session that nobody had before, and an origin that nobody will have again. */
export async function lend(held: HeldPage): Promise<LentPage> {
  const { target, frame, next } = held;
  held.next = undefined;
  if (next) return { target, frame, ...next, opened: true };
  return { target, frame, session: await target.createCDPSession(), origin: newOrigin(), opened: false };
}

function newOrigin(): string {
  return `https://${randomUUID()}.document.invalid`;
}
