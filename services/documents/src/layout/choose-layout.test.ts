import { TemplateBundle } from '@tandem/contracts/template';
import { expect, test } from 'vitest';
import { chooseLayout } from './choose-layout.js';

const fixed = TemplateBundle.parse({ html: 'x', layout: '#set page(paper: "a4")\n#{{ page }}' });
const free = TemplateBundle.parse({
  html: 'x',
  layout: "{% render 'base' %}",
  partials: { base: '#set page(width: {{ page.width | raw }}mm)' },
});
const input = { format: 'pdf', engine: 'auto' } as const;

test('a layout that asks for the paper follows a request that names one; another leaves it to browsers', () => {
  expect(chooseLayout(free, { ...input, pdf: { paper: 'letter', landscape: true } })).toBe(free);
  expect(chooseLayout(fixed, { ...input, pdf: { paper: 'letter' } })).toBeUndefined();
  expect(chooseLayout(fixed, input)).toBe(fixed);
});

test('other options of pages are for browsers, and refused where the request insists on the layout', () => {
  expect(chooseLayout(free, { ...input, pdf: { paper: 'letter', margins: '1cm' } })).toBeUndefined();
  expect(() => chooseLayout(free, { ...input, engine: 'layout', pdf: { margins: '1cm' } })).toThrow(/pdf\.margins/);
  expect(() => chooseLayout(fixed, { ...input, engine: 'layout', pdf: { paper: 'a5' } })).toThrow(/pdf\.paper/);
});

test('a layout is looked through once, whatever is in it', () => {
  const words = TemplateBundle.parse({ html: 'x', layout: 'page.width '.repeat(27_000) });
  expect(chooseLayout(words, { ...input, pdf: { paper: 'letter' } })).toBeUndefined();
  const late = TemplateBundle.parse({ html: 'x', layout: '#{{ page.width | minus: page.height }}' });
  expect(chooseLayout(late, { ...input, pdf: { paper: 'letter' } })).toBe(late);
});
