import qrcode from 'qrcode';
import { escapeHtml } from '../../render/escape-html.js';
import { shown } from './decimal.js';

/** Modules of quiet zone around the code, as ISO 18004 asks. */
const QUIET = 4;
const LEVELS = ['L', 'M', 'Q', 'H'] as const;
type Level = (typeof LEVELS)[number];

/** How a code looks. */
export interface QrOptions {
  /** A CSS length; the size of the page's own CSS without it. */
  size?: unknown;
  /** Error correction: L, M, Q or H. */
  level?: unknown;
  /** Name for screen readers; the text itself by default. */
  label?: unknown;
}

/** A QR code as inline SVG: sharp at any size, one path, no script and no request. Throws an `Error` that names the filter. */
export function qrCode(value: unknown, { size, level = 'M', label }: QrOptions = {}): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') throw new Error(`qr: needs a text, not ${shown(value)}.`);
  if (!LEVELS.includes(level as Level)) throw new Error(`qr: level is L, M, Q or H, not ${shown(level)}.`);
  if (size !== undefined && !/^\d{1,4}(?:\.\d{1,3})?(?:mm|cm|in|pt|px|em|rem|%)$/.test(String(size)))
    throw new Error(`qr: size is a CSS length such as "25mm", not ${shown(size)}.`);
  const { modules } = encode(text, level as Level);
  const side = modules.size + 2 * QUIET;
  const css = size === undefined ? '' : ` width="${size}" height="${size}"`;
  return (
    `<svg class="qr" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeHtml(String(label ?? text))}"` +
    ` viewBox="0 0 ${side} ${side}"${css} shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${side}v${side}H0z"/><path fill="#000" d="${pathOf(modules)}"/></svg>`
  );
}

function encode(text: string, errorCorrectionLevel: Level): qrcode.QRCode {
  try {
    return qrcode.create(text, { errorCorrectionLevel });
  } catch (cause) {
    throw new Error(`qr: ${shown(text)} has ${text.length} characters, too many for one code.`, { cause });
  }
}

/** Each run of dark modules in a row is one rectangle. */
function pathOf({ size, data }: qrcode.BitMatrix): string {
  let path = '';
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1) {
      if (!data[row * size + column]) continue;
      const begin = column;
      while (column + 1 < size && data[row * size + column + 1]) column += 1;
      const width = column - begin + 1;
      path += `M${begin + QUIET} ${row + QUIET}h${width}v1h-${width}z`;
    }
  return path;
}
