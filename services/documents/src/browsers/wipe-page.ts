import { draw, type HeldPage, moveOn, switchOffScripts, windowSize } from './held-page.js';
import type { LentPage } from './lent-page.js';

/** Takes away the name of the window, which outlives documents, and reads what must be empty. */
const REMAINS = `window.name = "";
  window.name + document.head.innerHTML + document.body.innerHTML + (matchMedia("(scripting: none)").matches ? "" : "scripts")`;

/**
 * Makes a page as good as new after work without scripts and without a network. Throws when that cannot be proven: then the page
 * must be destroyed.
 */
export async function wipePage(held: HeldPage, lent: LentPage, withinMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the page does not answer')), withinMs);
  });
  try {
    await Promise.race([wipe(held, lent), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function wipe(held: HeldPage, lent: LentPage): Promise<void> {
  const { context, guard } = held;
  // All domains that the borrower enabled, and all that it overrode, end with its session.
  await Promise.all([lent.session.detach(), draw(held, false)]);
  // The end of a session also ends what others had switched off, scripts among it.
  await switchOffScripts(held);
  await moveOn(held);
  // After the old document is gone: it could still have written.
  await Promise.all([
    guard.send('Page.resetNavigationHistory'),
    guard.send('Network.clearBrowserCookies'),
    guard.send('Network.clearBrowserCache'),
    guard.send('Storage.clearDataForOrigin', { origin: '*', storageTypes: 'all' }),
    context.clearPermissionOverrides(),
    guard.send('Network.setCacheDisabled', { cacheDisabled: true }), // evicts what the renderer keeps in memory
    guard.send('Network.setCacheDisabled', { cacheDisabled: false }),
  ]);
  const proof = await remains(held);
  if (proof.size !== held.size) {
    await draw(held, true);
    await draw(held, false);
    proof.size = await windowSize(held);
  }
  if (!proof.empty || proof.size !== held.size) throw new Error('the page is not clean');
}

/** Whether nothing of the work is left, and the size of the window, which is mended by being shown. */
async function remains(held: HeldPage): Promise<{ empty: boolean; size: string }> {
  const { context, guard, next } = held;
  const [{ frameTree }, { entries }, { cookies }, { result }, size] = await Promise.all([
    guard.send('Page.getFrameTree'),
    guard.send('Page.getNavigationHistory'),
    guard.send('Network.getCookies'),
    guard.send('Runtime.evaluate', { expression: REMAINS }),
    windowSize(held),
  ]);
  const empty =
    frameTree.frame.url === `${next!.origin}/` &&
    !frameTree.childFrames &&
    entries.length === 1 &&
    cookies.length === 0 &&
    result.value === '' &&
    context.targets().length === 1;
  return { empty, size };
}
