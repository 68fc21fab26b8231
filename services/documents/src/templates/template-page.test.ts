import { describe, expect, test } from 'vitest';
import { bundleOf, textOf } from './bundle.fixture.js';
import { fillTemplate } from './fill-template.js';
import { lineCount } from './filters/line-count.js';
import { templatePage } from './template-page.js';

describe('the page that a template is filled for', () => {
  const own = bundleOf({ html: 'x', pdf: { paper: 'a5', landscape: true, margins: '10mm' } });

  test.each([
    ['is A4 upright where nobody names a paper', bundleOf({ html: 'x' }), undefined, [210, 297, 190, 277]],
    ['is that of its own options', own, undefined, [210, 148, 190, 128]],
    ['is that of the request first', own, { paper: 'letter', landscape: false }, [215.9, 279.4, 195.9, 259.4]],
    ['may have any size', own, { paper: { width: '10cm', height: '2in' } }, [50.8, 100, 30.8, 80]],
    ['has the room that margins leave', own, { margins: { top: '1in', left: '30mm' } }, [210, 148, 170, 112.6]],
    ['has more room for what is made smaller', own, { scale: 0.5 }, [210, 148, 380, 256]],
    ['leaves room for a footer', bundleOf({ html: 'x', footer: 'f' }), undefined, [210, 297, 190, 267]],
  ] as const)('%s', (_, bundle, asked, [width, height, roomWidth, roomHeight]) => {
    const page = templatePage(bundle, asked);
    expect([page.width, page.height]).toEqual([width, height]);
    expect(page.room.width).toBeCloseTo(roomWidth, 0);
    expect(page.room.height).toBeCloseTo(roomHeight, 0);
  });

  test('has no height where it becomes as long as its content', () => {
    const { height, room } = templatePage(own, { singlePage: true });
    expect([height, room.height, room.width]).toEqual([undefined, undefined, expect.closeTo(190, 0)]);
  });

  test('must have room', () => {
    expect(() => templatePage(own, { margins: '80mm' })).toThrow(/pdf\.margins leave no room/);
  });

  test('is seen by every part and partial, and hidden by a variable of the same name', () => {
    const partials = { size: '{{ page.width }} x {{ page.height }}' };
    const write = (html: string) => textOf(bundleOf({ html, partials }), {});
    expect(write("{% render 'size' %}")).toBe('210 x 297');
    expect(write('{% assign page = 7 %}{{ page }}')).toBe('7');
    expect(write('{% for page in (1..3) %}{{ page }}{% endfor %}')).toBe('123');
    const { pdf } = fillTemplate(bundleOf({ html: 'x', footer: '{{ page.width }}' }), {});
    expect(pdf?.footer).toBe('210');
  });

  test('is nothing in an image', () => {
    const { html } = fillTemplate(bundleOf({ html: '[{{ page.width }}]' }), {}, { page: null });
    expect(html).toContain('[]');
  });
});

describe('the lines of a text', () => {
  test.each([
    ['a short one', 20, 1],
    ['parted at spaces only', 12, 2],
    ['Anticonstitutionnellement', 8, 3],
    ['a Anticonstitutionnellement', 40, 1],
    ['nnnnnnnnnn', 10, 1],
    ['mmmmmmmmmm', 10, 2],
    ['NNNNNNNNNN', 10, 2],
    ['太陽光発電', 6, 2],
    ['  spaces   count \n once ', 20, 1],
  ])('"%s" in lines of %i letters are %i', (text, letters, lines) => {
    expect(lineCount(text, letters)).toBe(lines);
  });

  test('need a line', () => {
    expect(() => textOf(bundleOf({ html: '{{ "x" | line_count }}' }), {})).toThrow(/line_count: say how many letters/);
  });
});
