import { escapeHtml } from '../render/escape-html.js';

/** What a page says of itself. */
export interface PageHead {
  locale: string;
  title: string | undefined;
  /** Style that goes before the page's own. */
  css: string | undefined;
}

const START = /^\s*(<!doctype[^>]*>)?\s*<html\b([^>]*)>/i;

/** `rtl` for Arabic, Hebrew, Persian, Urdu and others. */
function directionOf(locale: string): 'ltr' | 'rtl' {
  // Not in TypeScript's library yet.
  const { direction } = (
    new Intl.Locale(locale) as unknown as { getTextInfo(): { direction: 'ltr' | 'rtl' } }
  ).getTextInfo();
  return direction;
}

/** Makes a whole HTML document of what a template wrote. One that is whole keeps what it says of itself. */
export function htmlPage(html: string, { locale, title, css }: PageHead): string {
  const lang = ` lang="${escapeHtml(locale)}"`;
  const dir = ` dir="${directionOf(locale)}"`;
  const named = title ? `<title>${escapeHtml(title)}</title>` : '';
  // In the page, since a file of its own would be one more request. A style ends at its end tag, in strings and comments too.
  const style = css ? `<style>${css.replace(/<(?=\/style)/gi, '\\3c ')}</style>` : '';
  const whole = START.exec(html);
  if (!whole)
    return `<!doctype html>\n<html${lang}${dir}>\n<head>\n<meta charset="utf-8">\n${named}${style}\n</head>\n<body>\n${html}\n</body>\n</html>\n`;
  const [start, doctype, attributes] = whole as unknown as [string, string | undefined, string];
  const said = (name: RegExp, added: string) => (name.test(attributes) ? '' : added);
  const begin = `${doctype ? '' : '<!doctype html>\n'}${start.slice(0, -1)}`;
  return `${begin}${said(/\slang\s*=/i, lang)}${said(/\sdir\s*=/i, dir)}>${withHead(html.slice(start.length), named, style)}`;
}

/** Puts the title, where there is none, and the style at the begin of the head; makes a head where there is none. */
function withHead(rest: string, title: string, style: string): string {
  const body = rest.search(/<body\b/i);
  const before = body < 0 ? rest : rest.slice(0, body);
  const head = /<head\b[^>]*>/i.exec(before);
  if (!head) return `<head><meta charset="utf-8">${title}${style}</head>${rest}`;
  const end = head.index + head[0].length;
  return `${rest.slice(0, end)}${/<title\b/i.test(before) ? '' : title}${style}${rest.slice(end)}`;
}
