/** A letter and where it stands, in points from the bottom left corner of the page. */
export interface PlacedLetter {
  letter: string;
  x: number;
  y: number;
  /** Where it ends. */
  right: number;
  size: number;
}

/** Words that follow each other on a line, in the order in which they are read. */
interface Phrase {
  text: string;
  x: number;
  right: number;
  y: number;
  size: number;
}

/** Wider lines, of a page of 1e9 points for one, are cut short by fewer spaces. */
const MOST_COLUMNS = 1_000;
const MOST_EMPTY_LINES = 3;
/** From this gap on another column begins, as a share of the size of the letters. */
const COLUMN_GAP = 1;

/**
 * Text with columns where they stand on the page, for a font of one width. Letters come in reading order, with the spaces between
 * words. What stands within half a
 * letter of the same base line is one line; where a column begins, it is padded to its place by the usual width of a letter.
 */
export function layOutText(letters: readonly PlacedLetter[]): string {
  const phrases = phrasesOf(letters);
  if (phrases.length === 0) return '';
  const column = middle(phrases.map(({ text, x, right }) => (right - x) / text.length)) || 1;
  const left = phrases.reduce((least, { x }) => Math.min(least, x), Number.POSITIVE_INFINITY);
  const lines = linesOf(phrases);
  const pitch = middle(lines.slice(1).map(([first], index) => lines[index]![0]!.y - first!.y)) || 1;
  const written: string[] = [];
  for (const [index, line] of lines.entries()) {
    const gap = index === 0 ? 0 : Math.round((lines[index - 1]![0]!.y - line[0]!.y) / pitch) - 1;
    for (let empty = 0; empty < Math.min(gap, MOST_EMPTY_LINES); empty++) written.push('');
    written.push(lineOf(line, left, column));
  }
  return written.join('\n');
}

function phrasesOf(letters: readonly PlacedLetter[]): Phrase[] {
  const phrases: Phrase[] = [];
  let space = '';
  for (const { letter, x, right, y, size } of letters) {
    if (letter.trim() === '') {
      space = ' ';
      continue;
    }
    const phrase = phrases.at(-1);
    // To the right of what is there, or to its left where that is the direction.
    const gap = phrase && Math.max(x - phrase.right, phrase.x - right);
    if (!phrase || Math.abs(phrase.y - y) > size / 2 || gap! > COLUMN_GAP * size) {
      phrases.push({ text: letter, x, right: Math.max(right, x), y, size });
    } else {
      phrase.text += space + letter;
      phrase.x = Math.min(phrase.x, x);
      phrase.right = Math.max(phrase.right, right);
    }
    space = '';
  }
  return phrases;
}

function linesOf(phrases: readonly Phrase[]): Phrase[][] {
  const lines: Phrase[][] = [];
  for (const phrase of phrases.toSorted((a, b) => b.y - a.y)) {
    const line = lines.at(-1);
    if (line && line[0]!.y - phrase.y < phrase.size / 2) line.push(phrase);
    else lines.push([phrase]);
  }
  return lines;
}

function lineOf(phrases: readonly Phrase[], left: number, column: number): string {
  return phrases
    .toSorted((a, b) => a.x - b.x)
    .reduce((line, { text, x }) => {
      const wanted = Math.min(Math.round((x - left) / column), MOST_COLUMNS);
      return line.padEnd(Math.max(wanted, line === '' ? 0 : line.length + 1)) + text;
    }, '');
}

function middle(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
