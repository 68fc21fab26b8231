import { describe, expect, test } from 'vitest';
import { checkLiquid } from './check-liquid.js';

const check = (html: string, more: object = {}) => checkLiquid({ html, partials: {}, ...more });

describe('the Liquid of a template', () => {
  test('that can be parsed has no faults, with the filters of templates', () => {
    const html = '{% for line in data.lines %}{{ line.price | money: "XOF" }}{% render "total", sum: 3 %}{% endfor %}';
    expect(check(html, { partials: { total: '{{ "total" | t }} {{ sum | words: "fr" }}' } })).toEqual([]);
  });

  test.each([
    ['a tag that is not closed', 'a\n  {% for a in b %}', /not closed/, 2, 3],
    ['an output that is not closed', 'a\n{{ x', /not closed/, 2, 1],
    ['an unknown tag', 'é\n\n {% zap %}', /zap/, 3, 2],
    ['a tag that sees what is around it', '{% include "totals" %}', /use {% render "partial" %}/, 1, 1],
    ['an unknown filter', '{{ a }}\n{{ b | nope }}', /undefined filter: nope/, 2, 1],
    ['an unknown filter in a block of lines', '{% liquid\n  echo x | nope\n%}', /undefined filter: nope/, 2, 3],
    ['a partial that is not there', '<p>\n{% render "none" %}', /no partial none; there are totals/, 2, 1],
  ])('names the line and the column of %s', (_what, html, detail, line, column) => {
    expect(check(html, { partials: { totals: 'x' } })).toEqual([
      { pointer: '/html', detail: expect.stringMatching(detail), line, column },
    ]);
  });

  test('names the partial at fault once, and every fault of a text', () => {
    const partials = { bad: 'a\n{{ x | nope }}{{ y | zap }}' };
    expect(check('{% render "bad" %}', { partials, footer: '{% if %' })).toMatchObject([
      { pointer: '/footer', line: 1 },
      { pointer: '/partials/bad', line: 2, column: 1 },
      { pointer: '/partials/bad', line: 2, column: 15 },
    ]);
  });

  test('is bounded in depth', () => {
    expect(check('{% if a %}'.repeat(3_000))).toMatchObject([{ pointer: '/html', detail: expect.any(String) }]);
  });

  test('may have partials that name one another', () => {
    expect(check('{% render "a" %}', { partials: { a: '{% render "b" %}', b: '{% render "a" %}' } })).toEqual([]);
  });
});
