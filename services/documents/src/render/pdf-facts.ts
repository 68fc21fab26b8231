import { inflateSync } from 'node:zlib';

/**
 * The number of pages of a PDF that Chromium wrote. It follows the references from the end of the file (ISO 32000-1, 7.5.5):
 * Chromium writes a plain table of them and one flat tree of pages, and compresses neither.
 */
export function pageCount(pdf: Buffer): number {
  const start = /startxref\s+(\d+)/.exec(pdf.subarray(-64).toString('latin1'))?.[1];
  const trailer = pdf.subarray(pdf.lastIndexOf('trailer')).toString('latin1');
  const root = /\/Root (\d+) 0 R/.exec(trailer)?.[1];
  if (!start || !root) throw new Error('the browser wrote a PDF without an end');
  const pages = /\/Pages (\d+) 0 R/.exec(objectAt(pdf, Number(start), Number(root)))?.[1];
  const count = /\/Count (\d+)/.exec(objectAt(pdf, Number(start), Number(pages)))?.[1];
  if (!count) throw new Error('the browser wrote a PDF without pages');
  return Number(count);
}

function objectAt(pdf: Buffer, table: number, number: number): string {
  // "xref", then "0 <size>", then 20 bytes for each object.
  const rows = pdf.indexOf('\n', pdf.indexOf('\n', table) + 1) + 1;
  const offset = Number(pdf.subarray(rows + 20 * number, rows + 20 * number + 10).toString('latin1'));
  return pdf.subarray(offset, pdf.indexOf('endobj', offset)).toString('latin1');
}

/** PostScript names of the fonts of a PDF, such as `LiberationSans-Bold`. */
export function fontNames(pdf: Buffer): string[] {
  const names = new Set<string>();
  for (let at = pdf.indexOf('/FontName /'); at >= 0; at = pdf.indexOf('/FontName /', at + 1)) {
    const name = /^\/FontName \/(?:[A-Z]{6}\+)?([^\s/<>[\]()]+)/.exec(
      pdf.subarray(at, at + 150).toString('latin1'),
    )?.[1];
    if (name) names.add(name.replace(/#([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))));
  }
  return [...names];
}

/** What a PDF shows of its text. */
export interface ShownText {
  /** Whether some letters are shown as the box that stands for a missing one: glyph 0 of a font. */
  missing: boolean;
  /** The letters of which there is a glyph. */
  shown: Set<string>;
}

/** Reads what fonts gave to a PDF that Chromium wrote: the glyphs of its pages, and what letters glyphs stand for. */
export function shownText(pdf: Buffer): ShownText {
  const found: ShownText = { missing: false, shown: new Set() };
  const add = (hex: string) => {
    for (const letter of Buffer.from(hex, 'hex').swap16().toString('utf16le').normalize('NFKC'))
      found.shown.add(letter);
  };
  for (const stream of textStreams(pdf)) {
    if (stream.includes('begincmap')) addLetters(stream, add);
    else if (showsMissing(stream)) found.missing = true;
    for (const [, hex, glyph] of stream.matchAll(/ActualText <FEFF((?:[0-9A-F]{4})+)> >> BDC\s[^<]*<([0-9A-F]{4})/g)) {
      if (glyph !== '0000') add(hex!);
    }
  }
  return found;
}

/** Whether glyph 0 is in a string that is shown, which a text (`ActualText`) is not. One step after the other: a line may be long. */
function showsMissing(operators: string): boolean {
  for (const [, glyphs] of operators.matchAll(/(?<!ActualText )<([0-9A-F]+)>/g)) {
    for (let at = 0; at < glyphs!.length; at += 4) if (glyphs!.startsWith('0000', at)) return true;
  }
  return false;
}

function addLetters(cmap: string, add: (hex: string) => void): void {
  for (const [, glyph, letters] of cmap.matchAll(/^<([0-9A-F]{4})> <((?:[0-9A-F]{4})+)>$/gm)) {
    if (glyph !== '0000' || letters!.length > 4) add(letters!);
  }
  for (const [, first, last, letter] of cmap.matchAll(/^<([0-9A-F]{4})> <([0-9A-F]{4})> <([0-9A-F]{4})>$/gm)) {
    const many = Number.parseInt(last!, 16) - Number.parseInt(first!, 16);
    for (let i = 0; i <= many; i += 1) add((Number.parseInt(letter!, 16) + i).toString(16).padStart(4, '0'));
  }
}

/** The streams that hold text operators or tables of letters; fonts and images are left packed. */
function* textStreams(pdf: Buffer): Generator<string> {
  for (let at = pdf.indexOf('stream\n'); at >= 0; at = pdf.indexOf('stream\n', at + 7)) {
    const head = pdf.subarray(Math.max(0, at - 200), at).toString('latin1');
    const dictionary = head.slice(head.lastIndexOf(' obj'));
    if (!dictionary.includes('/FlateDecode') || /\/Length1|\/Width|\/Subtype \/(?!Form)/.test(dictionary)) continue;
    const length = Number(/\/Length (\d+)/.exec(dictionary)?.[1]);
    try {
      yield inflateSync(pdf.subarray(at + 7, at + 7 + length), { maxOutputLength: 50_000_000 }).toString('latin1');
    } catch {
      // Not what it seemed to be: the bytes of a font or an image may hold anything.
    }
  }
}
