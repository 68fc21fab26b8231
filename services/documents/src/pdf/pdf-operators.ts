const SPACES = ' \t\r\n\f\0';
const DELIMITERS = `()<>[]{}/%${SPACES}`;

/** An operator of a content stream with the names and numbers before it; strings and arrays stand as `undefined`. */
export interface Operation {
  operator: string;
  operands: (string | undefined)[];
  /** Where it stands in the content: its operands before it, and the data of an inline image. */
  start: number;
  end: number;
}

/**
 * The operators of a content stream (ISO 32000-1, 7.8.2), names with their slash. Made to tell what is used, not to draw:
 * bytes are Latin-1, and the data of inline images is passed over.
 */
export function* operationsOf(content: string): Generator<Operation> {
  let operands: (string | undefined)[] = [];
  let start: number | undefined;
  let at = 0;
  while (at < content.length) {
    const character = content[at]!;
    if (character === '%') at = endOfLine(content, at);
    else if (SPACES.includes(character)) at++;
    else if (character === '(' || (character === '<' && content[at + 1] !== '<')) {
      start ??= at;
      at = character === '(' ? endOfString(content, at) : endOfHex(content, at);
      operands.push(undefined);
    } else if (character === '/') {
      start ??= at;
      const end = endOfWord(content, at + 1);
      operands.push(content.slice(at, end));
      at = end;
    } else if (DELIMITERS.includes(character)) {
      start ??= at;
      at += content.startsWith('<<', at) ? 2 : 1;
    } else {
      start ??= at;
      const end = endOfWord(content, at);
      const word = content.slice(at, end);
      at = end;
      if (/^[-+.\d]/.test(word)) operands.push(word);
      else if (word === 'ID') {
        at = endOfImage(content, at);
        yield { operator: 'BI', operands, start, end: at };
        [operands, start] = [[], undefined];
      } else if (word !== 'BI') {
        yield { operator: word, operands, start, end };
        [operands, start] = [[], undefined];
      }
    }
  }
}

function endOfWord(content: string, at: number): number {
  while (at < content.length && !DELIMITERS.includes(content[at]!)) at++;
  return at;
}

function endOfLine(content: string, at: number): number {
  while (at < content.length && content[at] !== '\n' && content[at] !== '\r') at++;
  return at;
}

function endOfString(content: string, at: number): number {
  let depth = 0;
  for (; at < content.length; at++) {
    const character = content[at];
    if (character === '\\') at++;
    else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return at + 1;
  }
  return at;
}

function endOfHex(content: string, at: number): number {
  const end = content.indexOf('>', at);
  return end < 0 ? content.length : end + 1;
}

function endOfImage(content: string, at: number): number {
  const end = /[\s\0]EI(?=[\s\0]|$)/g;
  end.lastIndex = at;
  return end.exec(content) ? end.lastIndex : content.length;
}
