import { Rejected } from '@tandem/messaging/outcome';
import { decodedPath } from './decoded-path.js';
import type { Findings } from './findings.js';
import type { Asset } from './page-content.js';
import { CSS_INCH, type PageLayout } from './page-layout.js';

/** What a band is told beside its HTML. */
export interface BandContext {
  assets: ReadonlyMap<string, Asset>;
  locale?: string;
  timeZone?: string;
  findings: Findings;
}

/** Chromium puts a header this far below the edge of the paper, and a footer as far above it. */
const EDGE_INCHES = 15 / 72;
/** Of the assets in a band, as they stand in its HTML: all of them are sent to the browser, and printed on every page. */
const MOST_CHARACTERS = 20_000_000;

/**
 * The HTML of a header or footer as Chromium needs it. It loads nothing there and its letters are one pixel high by default, so
 * assets of the job become part of the HTML, and letters get a size. Throws `Rejected` where they make it too large.
 */
export function prepareBand(html: string, name: 'header' | 'footer', layout: PageLayout, context: BandContext): string {
  const { findings } = context;
  if (/<script\b/i.test(html)) findings.warn(`Scripts in pdf.${name} do not run.`);
  const whole = withDate(withAssets(html, name, context), context);
  const left = layout.margins.left * CSS_INCH;
  const right = layout.margins.right * CSS_INCH;
  const style = 'display:flow-root;width:100%;box-sizing:border-box;font-size:9pt;-webkit-print-color-adjust:exact';
  return `<div style="${style};padding:0 ${right.toFixed(2)}px 0 ${left.toFixed(2)}px">${whole}</div>`;
}

/** Warns when a band is higher than the margin that it stands in: it would lie over the text. */
export function warnOfHighBand(
  name: 'header' | 'footer',
  heightPx: number,
  layout: PageLayout,
  findings: Findings,
): void {
  const side = name === 'header' ? 'top' : 'bottom';
  const needed = EDGE_INCHES + heightPx / CSS_INCH;
  if (heightPx === 0 || needed <= layout.margins[side] + 0.01) return;
  const mm = (inch: number) => `${Math.ceil(inch * 25.4)}mm`;
  findings.warn(
    `pdf.${name} is higher than its margin and lies over the text: set pdf.margins.${side} to ${mm(needed)} or more; it is ${mm(layout.margins[side])}.`,
  );
}

/**
 * Puts assets in the place of their paths. These expressions read what anybody wrote: a tag ends before the next one begins, and no
 * two parts of an expression take the same letters, or text without an end would be read again from each of its letters.
 */
function withAssets(html: string, name: string, { assets, findings }: BandContext): string {
  let room = MOST_CHARACTERS;
  /** Before they are there: the few letters that name an asset may come a thousand times. */
  const claim = (characters: number) => {
    room -= characters;
    if (room >= 0) return;
    const detail = `pdf.${name} has more than ${MOST_CHARACTERS / 1_000_000} million characters with its assets in it. Make its images smaller, or name each of them once.`;
    throw new Rejected('payload_too_large', detail);
  };
  const inline = (path: string, base = ''): string | undefined => {
    if (/^(?:data:|#)/i.test(path)) return undefined;
    if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(path)) {
      findings.warn(
        `pdf.${name} uses ${path.slice(0, 200)}: headers and footers load nothing from other hosts. Send it as an asset.`,
      );
      return undefined;
    }
    const found = resolve(path, base);
    const asset = assets.get(found);
    if (!asset) findings.resourceFailed(found, `pdf.${name} uses it, and the document has no asset of this path`);
    else claim((asset.bytes.length * 4) / 3);
    return asset && `data:${asset.type};base64,${Buffer.from(asset.bytes).toString('base64')}`;
  };
  const inlineCss = (css: string, base = '') =>
    css.replace(/url\(\s*(["']?)([^"'()\s]+)\1\s*\)/gi, (whole, _quote, path: string) => {
      const data = inline(path, base);
      return data ? `url("${data}")` : whole;
    });
  return html
    .replace(/<link\b[^<>]*>/gi, (tag) => {
      const href = attribute(tag, 'href');
      if (!href || !/stylesheet/i.test(attribute(tag, 'rel') ?? '')) return '';
      const path = resolve(href, '');
      const asset = assets.get(path);
      if (!asset) return inline(href) ?? '';
      claim(asset.bytes.length);
      return `<style>${inlineCss(Buffer.from(asset.bytes).toString('utf8'), path)}</style>`;
    })
    .replace(/<style\b[^<>]*>[\s\S]*?(?:<\/style>|$)|\sstyle\s*=\s*(?:"[^"]*"|'[^']*')/gi, (part) =>
      /^<style/i.test(part)
        ? inlineCss(part)
        : part.replace(/url\(\s*(?:&quot;|['"])?([^"'()&\s]+)(?:&quot;|['"])?\s*\)/gi, (whole, path: string) => {
            const data = inline(path);
            return data ? `url(${data})` : whole;
          }),
    )
    .replace(
      /(<(?:img|image|use|input)\b[^<>]*?\s(?:src|href|xlink:href)\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/gi,
      (whole, before: string, a, b, c) => {
        const data = inline((a ?? b ?? c ?? '').trim());
        return data ? `${before}"${data}"` : whole;
      },
    );
}

/** `class="date"` in the language of the job: Chromium would write it in that of the machine. */
function withDate(html: string, { locale, timeZone }: BandContext): string {
  if (!locale && !timeZone) return html;
  const date = () => new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeZone }).format();
  return html.replace(/<(\w+)\b([^<>]*)>\s*<\/\1>/gi, (whole, tag: string, attributes: string) => {
    const others = attributes.replace(/\sclass\s*=\s*(?:"date"|'date'|date(?=\s|$))/i, '');
    return others === attributes ? whole : `<${tag}${others}>${date()}</${tag}>`;
  });
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>"']+))`, 'i').exec(tag);
  return found?.[1] ?? found?.[2] ?? found?.[3];
}

/** A path as the map of assets has it, from a path that is relative to `base`; what is no path stays as it is. */
function resolve(path: string, base: string): string {
  const url = URL.parse(path, `https://asset.invalid/${base}`);
  return url ? decodedPath(url.pathname.slice(1)) : path;
}
