import type { JobPage } from './job-page.js';
import type { PageScripts } from './page-scripts.js';

/** What is to be measured once everything is there. */
export interface Measures {
  /** HTML of header and footer, and the width that they are laid out in, in CSS pixels. */
  bands?: { header: string; footer: string; width: number };
  contentHeight?: boolean;
  /** CSS that goes before that of the page. */
  css?: string;
}

/** What was measured, in CSS pixels. */
export interface Measured {
  header: number;
  footer: number;
  contentHeight: number;
}

/**
 * Waits for fonts, and for images that wait until somebody scrolls to them, and measures: one message there and one back. A
 * band is laid out out of sight in a tree of its own, where styles of the page do not reach it, as Chromium will print it.
 */
export async function settlePage(job: JobPage, scripts: PageScripts, measures: Measures): Promise<Measured> {
  job.deadline.awaiting('its fonts or images were still being loaded');
  return scripts.run<Measured>(`(${SETTLE})(${JSON.stringify(measures)})`);
}

const SETTLE = `async ({ bands, contentHeight, css }) => {
  // Where nothing is drawn, this is what makes it ask for its fonts and images.
  document.documentElement.getBoundingClientRect();
  const lazy = [...document.querySelectorAll('img[loading=lazy], iframe[loading=lazy]')];
  await Promise.all(lazy.map((e) => {
    if (e.complete) return;
    const came = new Promise((resolve) => { e.onload = e.onerror = resolve; });
    e.loading = 'eager';
    return came;
  }));
  await document.fonts.ready;
  if (css) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }
  const measured = { header: 0, footer: 0, contentHeight: 0 };
  for (const side of bands ? ['header', 'footer'] : []) {
    if (!bands[side]) continue;
    const host = document.createElement('div');
    host.style.cssText = 'all:initial;display:block;position:absolute;left:0;top:0;visibility:hidden;width:' + bands.width + 'px';
    const root = host.attachShadow({ mode: 'closed' });
    root.innerHTML = bands[side];
    document.documentElement.append(host);
    await Promise.all([...root.querySelectorAll('img')].map((img) => img.decode().catch(() => {})));
    measured[side] = host.getBoundingClientRect().height;
    host.remove();
  }
  if (contentHeight) {
    const root = document.documentElement;
    const { height } = root.getBoundingClientRect();
    measured.contentHeight = Math.ceil(root.scrollHeight > innerHeight ? Math.max(height, root.scrollHeight) : height);
  }
  return measured;
}`;
