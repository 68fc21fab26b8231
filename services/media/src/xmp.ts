/** A document type could rename things; XMP has no use for one, nor for comments and CDATA in what is kept. */
const PLAIN = /^(?:[^<]*<(?:\?[^>]*\?|\/?[\w:.-]+(?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*\/?)>)*[^<]*$/;
const MAX_BYTES = 1_000_000;
const TAG = /<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/g;
const ATTRIBUTE = /\s+([\w:.-]+)\s*=\s*(?:"[^"<]*"|'[^'<]*')/g;

/** Names, without their prefix, of what says where a picture was taken: coordinates, addresses, routes. */
const PLACE =
  /gps|latitude|longitude|altitude|location|sublocation|^(?:city|state|country|countryCode|countryName|provinceState|worldRegion|region|geo\w*|lat|long?|coord\w*|address)$/i;
/** Pictures in the picture, which have metadata of their own; how the stored pixels lay; and the edits' history. */
const HIDDEN = /^(?:thumbnails|image|data|orientation|history|derivedfrom|pantry|ingredients)$/i;
/** Longer than any caption, as encoded data is. */
const LONG_VALUE = /[^\s<>"']{1000}/;

/**
 * XMP without the place, unless that is to be kept, and without pictures inside it. Undefined when it cannot be told
 * what it says: it is XML by which place-names can hide in many ways, so what is not plain is dropped whole.
 */
export function keptXmp(xmp: Buffer, withPlace: boolean): Buffer | undefined {
  const text = xmp.toString('utf8').replace(/^\ufeff/, '');
  if (xmp.length > MAX_BYTES || !PLAIN.test(text)) return undefined;
  const dropped = (name: string) => {
    const local = name.slice(name.indexOf(':') + 1);
    return HIDDEN.test(local) || (!withPlace && PLACE.test(local));
  };
  const kept = withoutElements(text, dropped);
  if (kept === undefined || LONG_VALUE.test(kept)) return undefined;
  return !withPlace && /gps|latitude|longitude/i.test(unescaped(kept)) ? undefined : Buffer.from(kept);
}

/** Undefined when the tags do not match. */
function withoutElements(text: string, dropped: (name: string) => boolean): string | undefined {
  const open: string[] = [];
  let kept = '';
  let at = 0;
  // How deep the element stands with which everything goes; 0 when none does.
  let dropping = 0;
  for (const { index, 0: tag, 1: closes, 2: name = '', 3: attributes = '', 4: empty } of text.matchAll(TAG)) {
    if (!dropping) kept += text.slice(at, index);
    at = index + tag.length;
    if (closes) {
      if (open.pop() !== name) return undefined;
      if (!dropping) kept += tag;
      else if (open.length < dropping) dropping = 0;
      continue;
    }
    if (!dropping && !dropped(name)) {
      const left = attributes.replace(ATTRIBUTE, (whole, attribute) => (dropped(attribute) ? '' : whole));
      kept += `<${name}${left}${empty ? '/' : ''}>`;
    } else if (!dropping && !empty) dropping = open.length + 1;
    if (!empty) open.push(name);
  }
  return open.length > 0 ? undefined : kept + text.slice(at);
}

function unescaped(text: string): string {
  const character = (code: number) => (code <= 0x10ffff ? String.fromCodePoint(code) : '');
  return text
    .replace(/&#x([0-9a-f]+);/gi, (_, hex) => character(Number.parseInt(hex, 16)))
    .replace(/&#(\d+);/g, (_, decimal) => character(Number(decimal)));
}
