import { Rejected } from '@tandem/messaging/outcome';

const MOST_NAMED = 5;
const MOST_LETTERS = 20;

/** One of a list of `SourceDiagnostic { .., message: "..", trace: [], hints: [".."] }`: all that Typst throws, as Rust prints it. */
const DIAGNOSTIC = /message: "((?:[^"\\]|\\.)*)"(?:, trace: \[\], hints: \["((?:[^"\\]|\\.)*)")?/g;
const UNSHOWN = /^the text `"(.*)"` could not be displayed/s;

const UNTITLED = 'the document has no title. Write #set document(title: ...).';

/** What Typst says of a document that is to be PDF/UA, and what people are told. */
const TOLD = new Map([
  ['missing document title', UNTITLED],
  [
    'missing alt text',
    'a picture or a formula has no alternative text. Write image(..., alt: "..."), or pdf.artifact(image(...)) where it is decoration.',
  ],
  ['the first heading must be of level 1', 'the first heading is not of level 1. Begin with one that is.'],
  ['heading title is empty', 'a heading has no text. Leave it out where there is none.'],
  [
    'PDF artifacts may not contain links',
    'a link stands in the header, the footer or other decoration of pages. Move it to the text, or leave the text without a link.',
  ],
]);

/** Of a document without a title. Typst takes one of spaces for a title. */
export function untitled(): Rejected {
  return new Rejected('document_failed', `pdf.accessible: ${UNTITLED}`);
}

/** What to throw where Typst sets a layout, but makes no PDF of it: it tells that in words alone. */
export function exportFault(cause: unknown, accessible: boolean): unknown {
  const faults = accessible ? accessibleFaults(cause) : saidBy(cause).map(({ message }) => message);
  if (faults.length === 0) return cause;
  // Without the cause: it may have a word for each letter of the data.
  if (accessible) return new Rejected('document_failed', `pdf.accessible: ${listed(faults, ' Besides, ')}`);
  return new Rejected('document_failed', `The layout of the template fails: ${listed(faults, '; ')}`);
}

function listed(faults: string[], between: string): string {
  return faults.slice(0, MOST_NAMED).join(between);
}

function accessibleFaults(cause: unknown): string[] {
  const letters = new Set<string>();
  const faults = new Set<string>();
  for (const { message, hint } of saidBy(cause)) {
    const unshown = UNSHOWN.exec(message)?.[1];
    if (unshown === undefined) faults.add(TOLD.get(message) ?? levelFault(message) ?? inItsWords(message, hint));
    else for (const letter of unescaped(unshown)) letters.add(letter);
  }
  return letters.size > 0 ? [lettersFault([...letters]), ...faults] : [...faults];
}

function lettersFault(letters: string[]): string {
  const named = letters.slice(0, MOST_LETTERS).map(nameOf).join(' ');
  const more = letters.length > MOST_LETTERS ? ` and ${letters.length - MOST_LETTERS} more` : '';
  return `no font of the template or of this service has some of the letters: ${named}${more}. Put a font that has them into the assets of the template, or ask the operator to install one, such as fonts-noto-cjk.`;
}

/** Letters that nobody would see in a message by their number. */
function nameOf(letter: string): string {
  if (!/[\p{C}\p{Z}\p{M}]/u.test(letter)) return letter;
  return `U+${letter.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

function levelFault(message: string): string | undefined {
  const [, before, level] = /^skipped from heading level (\d+) to (\d+)$/.exec(message) ?? [];
  if (!before) return undefined;
  return `a heading of level ${level} follows one of level ${before}, with none of level ${Number(before) + 1} between. Go down one level at a time.`;
}

function inItsWords(message: string, hint: string | undefined): string {
  return `the layout fails: ${message}${hint ? `; ${hint}` : ''}.`;
}

function saidBy(cause: unknown): { message: string; hint: string | undefined }[] {
  const text = cause instanceof Error ? cause.message : '';
  if (!text.startsWith('[SourceDiagnostic ')) return [];
  return [...text.matchAll(DIAGNOSTIC)].map(([, message, hint]) => ({
    message: unescaped(message!).replace(/^PDF\/UA-1 error: /, ''),
    hint: hint && unescaped(hint),
  }));
}

/** A string as Rust writes it for programmers. */
function unescaped(text: string): string {
  const ends: Record<string, string> = { n: '\n', r: '\r', t: '\t', 0: '\0' };
  return text.replace(/\\(?:u\{([0-9a-f]{1,6})\}|(.))/gs, (_, hex, character) =>
    hex ? String.fromCodePoint(Number.parseInt(hex, 16)) : (ends[character] ?? character),
  );
}
