import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { shownText } from './pdf-facts.js';

/** A PDF of one stream of text operators, as far as it is read. */
function pdfOf(operators: string): Buffer {
  const packed = deflateSync(operators);
  const head = Buffer.from(`4 0 obj\n<</Filter /FlateDecode\n/Length ${packed.length}>> stream\n`, 'latin1');
  return Buffer.concat([head, packed, Buffer.from('\nendstream\nendobj\n')]);
}

describe('the text that a PDF shows', () => {
  test.each([
    ['<00240000> Tj', true],
    ['[<0024> -12 <00250000>] TJ', true],
    ['<00240025> Tj', false],
    ['<02400003> Tj', false],
    ['/Span <</ActualText <FEFF0000> >> BDC <0024> Tj', false],
  ])('lacks a letter where glyph 0 is shown, and nowhere else: %s', (operators, missing) => {
    expect(shownText(pdfOf(operators)).missing).toBe(missing);
  });

  test.each(['[<GLYPHS> 10 <0001>] TJ', '<GLYPHS>', '<GLYPHS', '[<GLYPHS> 10 '])('is read once: %s', (shape) => {
    const operators = shape.replace('GLYPHS', '0000'.repeat(100_000));
    expect(shownText(pdfOf(operators)).shown.size).toBe(0);
  });
});
