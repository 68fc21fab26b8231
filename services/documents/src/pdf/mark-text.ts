import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { PDFDocument, PDFFont } from '@cantoo/pdf-lib';
import { Rejected } from '@tandem/messaging/outcome';
import bidiFactory from 'bidi-js';
import * as fontkit from 'fontkit';

/** The fonts that are embedded into PDFs. */
export interface FontChoice {
  font: 'sans' | 'serif' | 'mono';
  bold: boolean;
}

const FAMILIES = { sans: 'DejaVuSans', serif: 'DejaVuSerif', mono: 'DejaVuSansMono' };
const { resolve } = createRequire(import.meta.url);
// Typed as a module of CommonJS, which has its default in itself.
const bidi = (bidiFactory as unknown as typeof bidiFactory.default)();

/** A line of text in its font, with what a content stream says to show it. */
export interface MarkText {
  font: PDFFont;
  /** Strings to show one after the other, in the order in which they are seen. */
  show: string;
  /** Of 1 point of size. */
  width: number;
  ascent: number;
  /** Below the line, positive. */
  descent: number;
}

/** Fonts of one document: each is embedded once, with the letters that are used. */
export class MarkFonts {
  readonly #fonts = new Map<string, Promise<{ font: PDFFont; letters: Set<number> }>>();

  /** `about` tells fonts of several jobs on one document apart, by which their subsets are named. */
  constructor(
    private readonly pdf: PDFDocument,
    private readonly about: string,
  ) {
    pdf.registerFontkit(fontkit as unknown as Parameters<PDFDocument['registerFontkit']>[0]);
  }

  /** Lays out one line. Throws `Rejected` when the font lacks letters; `field` is where the request has the text. */
  async layOut(text: string, { font: family, bold }: FontChoice, field: string): Promise<MarkText> {
    const { font, letters } = await this.#font(`${FAMILIES[family]}${bold ? '-Bold' : ''}`);
    const normal = withPlainSpaces(text.normalize('NFC'), letters);
    const missing = [...new Set(normal)].filter((letter) => !letters.has(letter.codePointAt(0)!));
    if (missing.length > 0) throw lacking(missing, field);
    const runs = visualRuns(normal);
    const fontBox = (font as unknown as { embedder: { font: { ascent: number; descent: number; unitsPerEm: number } } })
      .embedder.font;
    return {
      font,
      show: runs.map((run) => `${font.encodeText(run)} Tj`).join(' '),
      width: runs.reduce((width, run) => width + font.widthOfTextAtSize(run, 1), 0),
      ascent: fontBox.ascent / fontBox.unitsPerEm,
      descent: -fontBox.descent / fontBox.unitsPerEm,
    };
  }

  #font(name: string) {
    const known = this.#fonts.get(name);
    if (known) return known;
    const opened = this.#embed(name);
    this.#fonts.set(name, opened);
    return opened;
  }

  async #embed(name: string) {
    const data = await readFile(resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`));
    const font = await this.pdf.embedFont(data, {
      subset: true,
      customName: `${subsetTag(this.about + name)}+${name}`,
    });
    return { font, letters: new Set(font.getCharacterSet()) };
  }
}

/** Six letters (ISO 32000-2, 9.9.2). */
function subsetTag(of: string): string {
  const bytes = createHash('sha256').update(of).digest().subarray(0, 6);
  return String.fromCharCode(...bytes.map((byte) => 65 + (byte % 26)));
}

function withPlainSpaces(text: string, letters: Set<number>): string {
  return text.replace(/\p{Zs}/gu, (space) => (letters.has(space.codePointAt(0)!) ? space : ' '));
}

function lacking(missing: readonly string[], field: string): Rejected {
  const detail = `${field}: the fonts have no letters for ${missing.slice(0, 10).join(' ')}. They have Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian and Georgian; other scripts go as an image.`;
  return new Rejected('invalid_input', detail);
}

/** The right-to-left scripts of the fonts, which the shaping of fontkit turns round. */
const TURNED = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Nko}]/u;

/**
 * Parts of one direction, in the order in which they are seen (Unicode Bidirectional Algorithm, rule L2). Within a part letters
 * stand so that they are seen in order once fontkit has shaped it.
 */
export function visualRuns(text: string): string[] {
  const { levels, paragraphs } = bidi.getEmbeddingLevels(text);
  const runs: { level: number; text: string }[] = [];
  for (let index = 0; index < text.length; index++) {
    const level = levels[index]!;
    const last = runs.at(-1);
    const letter = (level % 2 && bidi.getMirroredCharacter(text[index]!)) || text[index]!;
    if (last && last.level === level) last.text += letter;
    else runs.push({ level, text: letter });
  }
  const lowest = Math.max(1, paragraphs[0]?.level ?? 0);
  for (let level = Math.max(...runs.map((run) => run.level)); level >= lowest; level--) turnRound(runs, level);
  return runs.map((run) =>
    (run.level % 2 === 1) === TURNED.test(run.text) ? run.text : [...run.text].reverse().join(''),
  );
}

function turnRound(runs: { level: number; text: string }[], level: number): void {
  for (let from = 0; from < runs.length; from++) {
    let to = from;
    while (to < runs.length && runs[to]!.level >= level) to++;
    if (to - from > 1) runs.splice(from, to - from, ...runs.slice(from, to).reverse());
    if (to > from) from = to;
  }
}
