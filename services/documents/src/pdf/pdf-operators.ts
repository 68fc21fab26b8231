const DELIMITERS = '()<>[]{}/% \t\r\n\f\0';

/** An operator of a content stream with the names and numbers before it; strings and arrays stand as `undefined`. */
export interface Operation {
  operator: string;
  operands: (string | undefined)[];
}

/**
 * The operators of a content stream (ISO 32000-1, 7.8.2), names with their slash. Made to tell what is used, not to draw:
 * bytes are Latin-1, and the data of inline images is passed over.
 */
export function* operationsOf(content: string): Generator<Operation> {
  let operands: (string | undefined)[] = [];
  let at = 0;
  while (at < content.length) {
    const character = content[at]!;
    if (character === '%') at = endOfLine(content, at);
    else if (character === '(') {
      at = endOfString(content, at);
      operands.push(undefined);
    } else if (character === '/') {
      const end = endOfWord(content, at + 1);
      operands.push(content.slice(at, end));
      at = end;
    } else if (DELIMITERS.includes(character)) at++;
    else {
      const end = endOfWord(content, at);
      const word = content.slice(at, end);
      at = end;
      if (/^[-+.\d]/.test(word)) operands.push(word);
      else if (word === 'ID') {
        at = endOfImage(content, at);
        yield { operator: 'BI', operands };
        operands = [];
      } else if (word !== 'BI') {
        yield { operator: word, operands };
        operands = [];
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

function endOfImage(content: string, at: number): number {
  const end = /[\s\0]EI(?=[\s\0]|$)/g;
  end.lastIndex = at;
  return end.exec(content) ? end.lastIndex : content.length;
}
