/** Begins with a doctype or an `html` element, behind comments and white space. */
const WHOLE = /^\uFEFF?(?:\s|<!--[\s\S]*?-->|<\?xml[^>]*>)*<(?:!doctype\b|html\b)/i;

/** The HTML as a whole document: with a doctype (without it, Chromium lays out as in 1998), a charset and a language. */
export function wholeDocument(html: string, lang?: string): string {
  if (WHOLE.test(html)) return html;
  const language = lang ? ` lang="${lang}"` : '';
  // What belongs into the head, such as <style> and <title>, is put there by the parser as long as no text came before.
  return `<!doctype html><html${language}><head><meta charset="utf-8">${html}`;
}
