/** What letters have more or less than the width of an n, in a font without serifs. */
const OTHER_WIDTHS: readonly [RegExp, number][] = [
  [/[ijlI'’.,:;!|]/g, -0.5],
  [/[tfrsc()/-]/g, -0.25],
  [/[0-9]/g, -0.1],
  [/[MWmw@%—…]/g, 0.6],
  [/\p{Lu}/gu, 0.2],
  [
    /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Extended_Pictographic}\uff00-\uff60]/gu,
    0.9,
  ],
];
const SPACE = 0.4;

/**
 * How many lines a text takes where `most` letters as wide as an n go into one: parted at spaces, and within words that are longer
 * than a line. No font is asked.
 */
export function lineCount(text: string, most: number): number {
  let lines = 1;
  let used = 0;
  for (const word of text.split(/[ \t\r\n]+/)) {
    const width = widthOf(word);
    if (used > 0 && used + SPACE + width <= most) used += SPACE + width;
    else {
      if (used > 0) lines += 1;
      const more = Math.max(0, Math.ceil(width / most) - 1);
      lines += more;
      used = width - more * most;
    }
  }
  return lines;
}

function widthOf(word: string): number {
  let width = word.length;
  for (const [letters, more] of OTHER_WIDTHS) width += (word.match(letters)?.length ?? 0) * more;
  return width;
}
