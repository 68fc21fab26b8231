import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bundleOf, textOf } from './bundle.fixture.js';
import { fillTemplate } from './fill-template.js';

const write = (html: string, data: unknown = {}, partials: Record<string, string> = {}) =>
  textOf(bundleOf({ html, partials }), data);
function fault(html: string, partials: Record<string, string> = {}, more: object = {}): unknown {
  try {
    fillTemplate(bundleOf({ html, partials, ...more }), {});
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('data', () => {
  test.each([
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='x",
    '</style><b>',
    '{{ data.secret }}{% raw %}',
  ])('%s is text wherever it stands', (evil) => {
    const html = write(
      '<p title="{{ data.x }}" lang=\'{{ data.x | upcase }}\'>{{ data.x }}{{ data.x | append: data.x }}</p>',
      {
        x: evil,
        secret: 'hidden',
      },
    );
    expect(html.match(/[<>]/g)).toEqual(['<', '>', '<', '>']);
    expect(html.match(/["']/g)).toHaveLength(4);
    expect(html).not.toContain('hidden');
  });

  test('never makes markup, whatever it is', () => {
    const evil = fc.string({
      unit: fc.constantFrom('<', '>', '"', "'", '&', ';', '{', '}', '%', '\n', '\0', 'a', 'é'),
    });
    const bundle = bundleOf({
      html: '{{ data.a }}{{ data.a | escape }}{{ data.a | newline_to_br }}{{ data.b | json }}{{ data.a | t }}',
    });
    fc.assert(
      fc.property(evil, fc.object({ maxDepth: 1, values: [evil] }), (a, b) => {
        expect(textOf(bundle, { a, b }).replaceAll('<br>', '')).not.toMatch(/[<>"']/);
      }),
      { numRuns: 100 },
    );
  });

  test('is escaped once by escape, and keeps its lines by newline_to_br', () => {
    expect(write('{{ data | escape }}', 'a & b')).toBe('a &amp; b');
    expect(write('{{ data | newline_to_br }}', 'a & b\nc')).toBe('a &amp; b<br>\nc');
  });

  test('is markup only where the template says raw', () => {
    expect(write('{{ data | raw }}', '<b>')).toBe('<b>');
  });

  test('with the keys of prototypes is harmless', () => {
    const data = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"name": "mine"}, "list": [1]}');
    const html =
      '{{ data.constructor.name }}|{{ data.list.constructor }}|{{ data.toString }}|{{ constructor }}|{{ __proto__ }}|{{ data.polluted }}';
    expect(write(html, data)).toBe('mine|||||');
    expect(write('{% assign __proto__ = data.__proto__ %}{% assign constructor = 1 %}{{ polluted }}', data)).toBe('');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('and locale are seen by partials', () => {
    expect(write('{% render "a", x: 1 %}', { y: 2 }, { a: '{{ x }} {{ data.y }} {{ locale }}' })).toBe('1 2 en');
  });
});

describe('a mistake in a template', () => {
  test.each([
    ['a filter that is not there', 'a\n  {{ 1 | mony }}', {}, 'html, line 2, column 3: there is no filter "mony".'],
    ['a block that is not closed', '{% for a in b %}', {}, 'html, line 1, column 1: tag {% for a in b %} not closed.'],
    ['a partial that is not there', '\n{% render "nope" %}', {}, 'html, line 2, column 1: there is no partial "nope".'],
    [
      'a partial of a name of JavaScript',
      '{% render "constructor" %}',
      {},
      'html, line 1, column 1: there is no partial "constructor".',
    ],
    [
      'a fault in a partial',
      '{% render "a" %}',
      { a: 'x\n {{ "x" | money }}' },
      'the partial "a", line 2, column 2: money: needs a number, not "x".',
    ],
    ['a file', '{% render "../../../etc/passwd" %}', {}, 'there is no partial "../../../etc/passwd".'],
    [
      'include',
      '{% include "a" %}',
      { a: 'x' },
      'html, line 1, column 1: {% include %} is not known here; use {% render "partial" %}.',
    ],
    [
      'a partial in itself',
      '{% render "a" %}',
      { a: '\n{% render "a" %}' },
      'the partial "a", line 2, column 1: it is nested too deeply.',
    ],
  ])('is told with its place: %s', (_what, html, partials, detail) => {
    expect(fault(html, partials)).toMatchObject({ code: 'document_failed', detail: expect.stringContaining(detail) });
  });

  test('in the header names the header', () => {
    const detail = 'The template fails in header, line 1, column 3: there is no filter "x".';
    expect(fault('a', {}, { header: '  {{ 1 | x }}' })).toMatchObject({ detail });
  });
});

describe('a template without end', () => {
  test.each([
    ['loops', '{% for i in (1..10000) %}{% for j in (1..10000) %}{% endfor %}{% endfor %}', 'it takes more than 2 s'],
    ['a long list', '{% for i in (1..1000000000) %}{% endfor %}', 'it makes too much text or too long lists'],
    [
      'a text that doubles',
      '{% assign s = "aaaaaaaaaa" %}{% for i in (1..60) %}{% assign s = s | append: s %}{% endfor %}',
      'it makes too much text',
    ],
    [
      'a long page',
      '{% capture s %}{% for i in (1..1000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}{% endcapture %}{% for i in (1..1001) %}{{ s | raw }}{% endfor %}',
      'it writes more than 20 million characters',
    ],
  ])('fails within its time: %s', (_what, html, reason) => {
    const before = process.threadCpuUsage();
    expect(fault(html)).toMatchObject({ code: 'document_failed', detail: expect.stringContaining(reason) });
    expect(process.threadCpuUsage(before).user / 1_000).toBeLessThan(4_000);
  });
});

describe('the page of a template', () => {
  test('is a whole document in the language, with the style of the template', () => {
    const bundle = bundleOf({ html: '{% assign title = "Facture <7>" %}x', css: 'p {}', locales: { 'fr-FR': {} } });
    const { html } = fillTemplate(bundle, {});
    expect(html).toMatch(/^<!doctype html>\n<html lang="fr-FR" dir="ltr">\n<head>\n<meta charset="utf-8">\n/);
    expect(html).toContain('<title>Facture &lt;7&gt;</title><style>p {}</style>\n</head>');
  });

  test.each(['ar', 'he-IL', 'fa', 'ur-PK'])('in %s goes from right to left', (locale) => {
    expect(fillTemplate(bundleOf({ html: 'x' }), {}, { locale }).html).toContain(`<html lang="${locale}" dir="rtl">`);
  });

  test('that is whole keeps what it says of itself', () => {
    const html =
      '<!DOCTYPE html>\n<html lang="de" class="a"><head><title>Mine</title></head><body><title>x</title></body></html>';
    const page = fillTemplate(bundleOf({ html, css: 'p {}', locales: { fr: { title: 'Theirs' } } }), {});
    expect(page.html).toBe(
      '<!DOCTYPE html>\n<html lang="de" class="a" dir="ltr"><head><style>p {}</style><title>Mine</title></head><body><title>x</title></body></html>',
    );
  });

  test('that is whole gets a head, a doctype and a title where it has none', () => {
    const page = fillTemplate(
      bundleOf({ html: '<html><body><svg><title>x</title></svg></body></html>', locales: { fr: { title: 'Reçu' } } }),
      {},
    );
    expect(page.html).toBe(
      '<!doctype html>\n<html lang="fr" dir="ltr"><head><meta charset="utf-8"><title>Reçu</title></head><body><svg><title>x</title></svg></body></html>',
    );
  });

  test('brings its assets, decoded once', () => {
    const asset = { type: 'text/css', base64: Buffer.from('theirs').toString('base64') };
    const bundle = bundleOf({ html: 'x', css: 'mine', assets: { 'a.css': asset } });
    const [one, two] = [fillTemplate(bundle, {}), fillTemplate(bundle, {})];
    const texts = [...one.assets].map(([path, { bytes }]) => [path, Buffer.from(bytes).toString()]);
    expect(texts).toEqual([['a.css', 'theirs']]);
    expect(two.assets).toBe(one.assets);
  });

  test('has a style that ends where it ends, whatever it says', () => {
    const css = 'p::after { content: "</style><b>out</b>" }';
    expect(fillTemplate(bundleOf({ html: 'x', css }), {}).html).toContain(
      '<style>p::after { content: "\\3c /style><b>out</b>" }</style>',
    );
  });

  test('has its header and footer filled, and its options', () => {
    const bundle = bundleOf({
      html: 'x',
      header: '<b>{{ data.a }}</b>',
      footer: '{{ data.a | money: "XOF" }}',
      pdf: { paper: 'a5' },
    });
    const { pdf } = fillTemplate(bundle, { a: 5 }, { locale: 'fr' });
    expect(pdf).toEqual({ paper: 'a5', header: '<b>5</b>', footer: '5\u00a0F\u00a0CFA' });
  });
});

describe('languages', () => {
  const locales = { fr: { total: 'Total', due: 'À payer' }, 'en-GB': { total: 'Sum' } };
  const fill = (locale?: string) =>
    fillTemplate(bundleOf({ html: '{{ "total" | t }}, {{ "due" | t }}', locales }), {}, { locale });

  test('are the first of the template by default', () => {
    expect(fill()).toMatchObject({ html: expect.stringContaining('Total, À payer'), warnings: [] });
    expect(fill('fr-CI').warnings).toEqual([]);
  });

  test('fall back to their kin, and then to the first, with a warning', () => {
    const { html, warnings } = fill('en-US');
    expect(html).toContain('Sum, À payer');
    expect(warnings).toEqual(['The text "due" is missing in "en-GB"; that of "fr" stands in.']);
    expect(fill('de').warnings).toEqual(['The template has no texts in "de"; those in "fr" are used.']);
  });

  test('show a key that has no text, and warn of it', () => {
    const { html, warnings } = fillTemplate(bundleOf({ html: '{{ "nope" | t }}{{ "nope" | t }}' }), {});
    expect(html).toContain('[nope]');
    expect(warnings).toEqual(['There is no text "nope" in the template\'s locales; the document shows [nope].']);
  });

  test.each([
    [{ locale: 'en-latn-latn' }, 'The locale "en-latn-latn" is none; use one such as fr-FR.'],
    [{ timeZone: 'Mars/Base' }, 'The time zone "Mars/Base" is not known; use one of IANA, such as Africa/Dakar.'],
  ])('that are none are refused: %j', (options, detail) => {
    expect(() => fillTemplate(bundleOf({ html: 'x' }), {}, options)).toThrow(detail);
  });
});

test('a template that was changed is not taken for the one before', () => {
  const partials = { a: 'one' };
  expect(write('{% render "a" %}', {}, partials)).toBe('one');
  expect(write('{% render "a" %}', {}, { a: 'two' })).toBe('two');
  expect(write('{% render "a" %}', {}, partials)).toBe('one');
});
