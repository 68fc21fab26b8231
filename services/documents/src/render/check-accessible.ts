import { Rejected } from '@tandem/messaging/outcome';
import type { JobPage } from './job-page.js';
import type { PageScripts } from './page-scripts.js';
import { shownText } from './pdf-facts.js';

/**
 * What a page that is to be PDF/UA has to say of itself, before it is printed: Chromium writes a language and a title of its own
 * where there are none. A language of the request counts where the page names none.
 */
export async function checkPageIsTold({ load }: JobPage, scripts: PageScripts): Promise<void> {
  const locale = JSON.stringify(load.locale ?? '');
  const told = await scripts.run<string[]>(
    `[document.documentElement.lang ||= ${locale}, document.title].map((text) => String(text).trim().slice(0, 100))`,
  );
  const [language, title] = told;
  if (!language)
    throw refusal('the document does not say its language. Write it as <html lang="fr">, or send load.locale.');
  if (!title) throw refusal('the document has no title. Write a <title>.');
}

/** Letters without a glyph cannot be read aloud, nor be in PDF/UA (7.21.8). */
export function checkLettersAreShown(pdf: Buffer): void {
  if (shownText(pdf).missing)
    throw refusal(
      'no font of this service has some of the letters. Send a font that has them as an asset and name it by @font-face.',
    );
}

function refusal(why: string): Rejected {
  return new Rejected('document_failed', `pdf.accessible: ${why}`);
}
