/** What a content stream opens and does not close. */
export interface OpenStates {
  /** `q` without `Q` */
  graphics: number;
  /** `BT` without `ET` */
  text: boolean;
}

const [SPACE, PERCENT, OPEN, CLOSE, SLASH, LESS, GREATER, BACKSLASH] = [...' %()/<>\\'].map((c) => c.charCodeAt(0)) as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
const ENDS_WORD = new Set([...'\0\t\n\f\r ()<>[]{}/%'].map((c) => c.charCodeAt(0)));

/**
 * What is left open at the end of a page's content. Producers forget to close states often enough, and what is drawn after them
 * would be scaled, turned or clipped as they left it.
 */
export function openStates(content: Uint8Array): OpenStates {
  let graphics = 0;
  let text = false;
  for (const word of operators(content)) {
    if (word === 'q') graphics++;
    else if (word === 'Q') graphics = Math.max(graphics - 1, 0);
    else if (word === 'BT') text = true;
    else if (word === 'ET') text = false;
  }
  return { graphics, text };
}

/** The short words of a content stream outside strings, names, comments and inline images. */
function* operators(content: Uint8Array): Generator<string> {
  let at = 0;
  while (at < content.length) {
    const byte = content[at]!;
    if (byte === PERCENT) at = endOfLine(content, at);
    else if (byte === OPEN) at = endOfString(content, at);
    else if (byte === LESS && content[at + 1] !== LESS) at = endOfHex(content, at);
    else if (byte === SLASH) at = endOfWord(content, at + 1);
    else if (ENDS_WORD.has(byte)) at++;
    else {
      const end = endOfWord(content, at);
      if (end - at <= 2) {
        const word = String.fromCharCode(...content.subarray(at, end));
        if (word === 'ID') at = endOfImage(content, end);
        else {
          yield word;
          at = end;
        }
      } else at = end;
    }
  }
}

function endOfLine(content: Uint8Array, at: number): number {
  while (at < content.length && content[at] !== 0x0a && content[at] !== 0x0d) at++;
  return at;
}

function endOfWord(content: Uint8Array, at: number): number {
  while (at < content.length && !ENDS_WORD.has(content[at]!)) at++;
  return at;
}

function endOfHex(content: Uint8Array, at: number): number {
  while (at < content.length && content[at] !== GREATER) at++;
  return at + 1;
}

function endOfString(content: Uint8Array, at: number): number {
  let depth = 0;
  for (; at < content.length; at++) {
    if (content[at] === BACKSLASH) at++;
    else if (content[at] === OPEN) depth++;
    else if (content[at] === CLOSE && --depth === 0) return at + 1;
  }
  return at;
}

/** After `EI` between white space, which ends an inline image; its bytes are whatever they are. */
function endOfImage(content: Uint8Array, at: number): number {
  for (; at + 2 < content.length; at++) {
    const found = content[at]! <= SPACE && content[at + 1] === 0x45 && content[at + 2] === 0x49;
    if (found && (at + 3 >= content.length || ENDS_WORD.has(content[at + 3]!))) return at + 3;
  }
  return content.length;
}
