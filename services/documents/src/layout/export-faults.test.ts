import { Rejected } from '@tandem/messaging/outcome';
import { expect, test } from 'vitest';
import { exportFault } from './export-faults.js';

/** As Typst throws it. */
const thrown = (...said: [message: string, hint?: string][]) =>
  new Error(
    `[${said
      .map(([message, hint]) => {
        const hints = hint ? `["${hint}"]` : '[]';
        return `SourceDiagnostic { severity: Error, span: Span(644750298187730), message: "${message}", trace: [], hints: ${hints} }`;
      })
      .join(', ')}]`,
  );
const unshown = (letter: string): [string, string] => [
  `PDF/UA-1 error: the text \`\\"${letter}\\"\` could not be displayed with font \`\\"Source Sans 3\\"\``,
  'try using a different font',
];
const detailOf = (error: unknown) => (error as Rejected).detail;

test('letters that no font has are named once, and by their number where nobody would see them', () => {
  const letters = ['王', '小', '明', '王', '\\\\u{f8f3}', '\\\\u{301}', '\\\\\\"'].map(unshown);
  const error = exportFault(thrown(...letters), true);
  expect(error).toBeInstanceOf(Rejected);
  expect(detailOf(error)).toBe(
    'pdf.accessible: no font of the template or of this service has some of the letters: 王 小 明 U+F8F3 U+0301 ". Put a font that has them into the assets of the template, or ask the operator to install one, such as fonts-noto-cjk.',
  );
});

test('of many letters and many faults only the first are named', () => {
  const letters = Array.from({ length: 20_000 }, (_, index) => unshown(String.fromCodePoint(0x4e00 + (index % 500))));
  expect(detailOf(exportFault(thrown(...letters), true))).toMatch(/letters: (?:\p{L} ){20}and 480 more\. Put/u);
  const levels = Array.from({ length: 50 }, (_, index): [string] => [`skipped from heading level 1 to ${index + 3}`]);
  expect(detailOf(exportFault(thrown(...levels), true)).match(/a heading of level/g)).toHaveLength(5);
});

test('what is wrong in several ways is told together, and in the words of Typst where we have none', () => {
  const error = thrown(
    ['PDF/UA-1 error: missing alt text', 'make sure your images and equations have alt text'],
    ['embedding PDFs is currently not supported in this export mode', 'try converting the PDF to an SVG'],
  );
  expect(detailOf(exportFault(error, true))).toBe(
    'pdf.accessible: a picture or a formula has no alternative text. Write image(..., alt: "..."), or pdf.artifact(image(...)) where it is decoration. Besides, the layout fails: embedding PDFs is currently not supported in this export mode; try converting the PDF to an SVG.',
  );
});

test('a document that was not asked to be accessible fails in the words of Typst', () => {
  expect(detailOf(exportFault(thrown(['file \\"a\\" is attached twice']), false))).toBe(
    'The layout of the template fails: file "a" is attached twice',
  );
});

test('what Typst does not say is no fault of the layout', () => {
  const crash = new Error('napi: out of memory');
  expect(exportFault(crash, true)).toBe(crash);
});
