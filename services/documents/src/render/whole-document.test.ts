import { describe, expect, test } from 'vitest';
import { wholeDocument } from './whole-document.js';

describe('HTML', () => {
  test.each([
    '<!doctype html><p>a',
    '\uFEFF\n<!-- by a tool --> <!-- and another --><!DOCTYPE html>',
    '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">',
  ])('that begins as a document stays as it is: %j', (html) => {
    expect(wholeDocument(html, 'fr')).toBe(html);
  });

  test.each(['', '<p>a', '<!-- <html> --> a <html>', '<htmlx>', '<!-- open <html>'])(
    'that is the inside of one becomes one: %j',
    (html) => {
      expect(wholeDocument(html, 'fr')).toBe(`<!doctype html><html lang="fr"><head><meta charset="utf-8">${html}`);
    },
  );

  test('that begins with very many comments is read once', () => {
    const html = `${'<!---->'.repeat(70_000)}x`;
    expect(wholeDocument(html)).toMatch(/^<!doctype html>/);
  });
});
