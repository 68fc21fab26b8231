import { Rejected } from '@tandem/messaging/outcome';

const MAX_BYTES = 2_000_000;
const MAX_USES = 1000;
const SAVE_AS_UTF8 = 'is not UTF-8. Save it as UTF-8.';

/** What an SVG may not hold, and the sentence for its author. */
const FORBIDDEN: [RegExp, string][] = [
  [/<!\s*(?:doctype|entity)/i, 'has a DOCTYPE or ENTITY declaration. Export it as plain SVG, without one.'],
  [/<\?xml-stylesheet|@import/i, 'loads a style sheet. Put the styles into the file.'],
  [/data:image\/(?![^,]*;base64,)/i, 'embeds an image that is not base64. Encode it as base64.'],
];

/** Where SVG and CSS name other resources; the target is the last group. */
const REFERENCES = [/href\s*=\s*(["'])(.*?)\1/gis, /url\(\s*(["']?)(.*?)\1\s*\)/gis];

/**
 * Refuses an SVG that could reach for files or the network, or that expands when it is parsed; answers its text with
 * escapes undone. librsvg refuses most of this by itself; these rules do not depend on it, and say what to change.
 * What they cannot see (slow filters, dashes, nested `<use>`) ends by the time limit of `drawSvg`.
 */
export function checkSvg(bytes: Buffer): string {
  if (bytes.length > MAX_BYTES) refuse(`is ${bytes.length} bytes long; the limit is ${MAX_BYTES}. Simplify it.`);
  const text = unescaped(decoded(bytes));
  for (const [pattern, complaint] of FORBIDDEN) if (pattern.test(text)) refuse(complaint);
  for (const [, , target = ''] of REFERENCES.flatMap((pattern) => [...text.matchAll(pattern)])) {
    const inside = /^\s*(?:#|data:image\/|$)/i.test(target);
    if (!inside) refuse('refers to something outside itself. Embed it, or remove the reference.');
  }
  const uses = text.match(/<(?:[\w-]+:)?use\b/gi)?.length ?? 0;
  if (uses > MAX_USES) refuse(`has ${uses} <use> elements; the limit is ${MAX_USES}. Flatten it before uploading.`);
  return text;
}

/** Other encodings could hide what the rules look for. */
function decoded(bytes: Buffer): string {
  if (bytes.includes(0)) refuse(SAVE_AS_UTF8);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(SAVE_AS_UTF8);
  }
  const declared = /<\?xml[^>]*encoding\s*=\s*["']([^"']*)/i.exec(text)?.[1] ?? 'utf-8';
  return /^(?:utf-?8|us-ascii)$/i.test(declared) ? text : refuse(SAVE_AS_UTF8);
}

/** Character references, CSS escapes and CSS comments, which spell `url(` and its targets in other letters. */
function unescaped(text: string): string {
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex) => character(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, decimal) => character(Number(decimal)))
    .replace(/\\([0-9a-f]{1,6})\s?/gi, (_, hex) => character(Number.parseInt(hex, 16)))
    .replace(/\\(.)/g, '$1')
    .replace(/\/\*.*?\*\//gs, '');
}

function character(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

function refuse(complaint: string): never {
  throw new Rejected('image_unreadable', `The SVG ${complaint}`);
}
