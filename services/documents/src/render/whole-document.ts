/** What may stand before a document begins: a byte order mark, white space, a comment, the declaration of XML. */
const BEFORE = /\uFEFF|\s+|<!--[\s\S]*?-->|<\?xml[^>]*>/y;
const BEGIN = /<(?:!doctype\b|html\b)/iy;

/** The HTML as a whole document: with a doctype (without it, Chromium lays out as in 1998), a charset and a language. */
export function wholeDocument(html: string, lang?: string): string {
  if (isWhole(html)) return html;
  const language = lang ? ` lang="${lang}"` : '';
  // What belongs into the head, such as <style> and <title>, is put there by the parser as long as no text came before.
  return `<!doctype html><html${language}><head><meta charset="utf-8">${html}`;
}

/** Step by step: one expression for all of it would try each way to read a row of comments, and never end. */
function isWhole(html: string): boolean {
  let at = 0;
  for (BEFORE.lastIndex = 0; BEFORE.test(html); at = BEFORE.lastIndex);
  BEGIN.lastIndex = at;
  return BEGIN.test(html);
}
