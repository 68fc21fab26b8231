import type { Findings } from './findings.js';
import type { PageScripts } from './page-scripts.js';
import { shownText } from './pdf-facts.js';

/** Anything but what every machine with a font has: Latin, Greek, Cyrillic, punctuation, currency. */
const RARE =
  /[^\p{ASCII}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\u00a0-\u00ff\u2000-\u206f\u20a0-\u20bf\u2100-\u214f\u2190-\u2193]/u;
const NAMED = 20;

/** Whether a text of ours may hold letters for which a machine has no font: most hold none, and are not looked at. */
export function mayMissLetters(html: string): boolean {
  return RARE.test(html) || /&#/.test(html);
}

/** Warns of letters that are shown as empty boxes, because no font has them. */
export async function warnOfMissingLetters(pdf: Buffer, scripts: PageScripts, findings: Findings): Promise<void> {
  const { missing, shown } = shownText(pdf);
  if (!missing) return;
  const text = await scripts.run<string>('(document.body ? document.body.innerText : "").slice(0, 1000000)');
  const letters = new Set(text.normalize('NFKC').replace(/[\s\p{ASCII}\p{Cc}\p{Cf}\p{Mn}]/gu, ''));
  const boxes = [...letters].filter((letter) => !shown.has(letter));
  const named = boxes.length > 0 ? `: ${boxes.slice(0, NAMED).join(' ')}${boxes.length > NAMED ? ' ...' : ''}` : '';
  findings.warn(
    `No font of this service has some of the letters, and they are shown as empty boxes${named}. Send a font that has them as an asset and name it by @font-face, or ask the operator to install one, such as fonts-noto-cjk.`,
  );
}
