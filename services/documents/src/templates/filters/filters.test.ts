import { TEMPLATE_FILTERS } from '@tandem/templates/check-liquid';
import { describe, expect, test } from 'vitest';
import { bundleOf, textOf } from '../bundle.fixture.js';
import { filters } from './filters.js';

const NBSP = '\u00a0';
const spaced = (text: string) => text.replaceAll(NBSP, ' ');
const write = (html: string, data: unknown = {}, locale = 'fr-FR') => textOf(bundleOf({ html }), data, { locale });
const fault = (html: string, data: unknown = {}) => {
  try {
    return write(html, data);
  } catch (error) {
    return (error as { detail: string }).detail;
  }
};

test('filters are those that a template is checked with when it is put', () => {
  const own = Object.keys(filters).filter((name) => !['escape', 'newline_to_br'].includes(name));
  expect(own.sort()).toEqual([...TEMPLATE_FILTERS].sort());
});

describe('money', () => {
  test.each([
    ['{{ 1250000 | money: "XOF" }}', 'fr-FR', '1 250 000 F CFA'],
    ['{{ 1250000 | money: "XOF" }}', 'fr-SN', '1 250 000 F CFA'],
    ['{{ 1250000 | money: "XAF" }}', 'fr-FR', '1 250 000 FCFA'],
    ['{{ 1250000.4 | money: "XOF" }}', 'fr-FR', '1 250 000 F CFA'],
    ['{{ -1250.5 | money: "EUR" }}', 'fr-FR', '-1 250,50 €'],
    ['{{ 1250.5 | money: "usd" }}', 'en-US', '$1,250.50'],
    ['{{ "9007199254740993.01" | money: "EUR" }}', 'en', '€9,007,199,254,740,993.01'],
    ['{{ 1.2345 | money: "TND" }}', 'fr-FR', '1,235 TND'],
    ['{{ 1 | money: "ISK" }}', 'fr-FR', '1 ISK'],
    ['{{ data.none | money: "EUR" }}', 'fr-FR', ''],
  ])('%s is in %s: %s', (html, locale, text) => {
    expect(spaced(write(html, {}, locale))).toBe(text);
  });

  test('takes the currency of the data when none is named', () => {
    expect(spaced(write('{{ 5 | money }}', { currency: 'XOF' }))).toBe('5 F CFA');
  });

  test('has only spaces that fonts have and that break no line', () => {
    expect(write('{{ 1250000 | money: "XOF" }}{{ 1e6 | number }}{{ 1000.5 | percent }}')).not.toMatch(/[ \u202f]/);
  });

  test.each([
    ['{{ 5 | money }}', 'money: needs a currency, as in money: "XOF", or data.currency.'],
    ['{{ 5 | money: "FCFA" }}', 'money: "FCFA" is no currency; use a code of ISO 4217, such as XOF or EUR.'],
    ['{{ "five" | money: "XOF" }}', 'money: needs a number, not "five".'],
    ['{{ data | money: "XOF" }}', 'money: needs a number, not an object.'],
  ])('%s fails: %s', (html, detail) => {
    expect(fault(html)).toContain(detail);
  });
});

describe('numbers and percentages', () => {
  test.each([
    ['{{ 1234.5678 | number }}', '1 234,568'],
    ['{{ 1234.5 | number: 2 }}', '1 234,50'],
    ['{{ "12.5" | number }}', '12,5'],
    ['{{ 18 | percent }}', '18 %'],
    ['{{ 5.5 | percent }}', '5,5 %'],
    ['{{ 5 | percent: 2 }}', '5,00 %'],
    ['[{{ data.none | number }}{{ data.none | percent }}]', '[]'],
  ])('%s is in French: %s', (html, text) => {
    expect(spaced(write(html))).toBe(text);
  });

  test('decimals beyond what there can be are refused', () => {
    expect(fault('{{ 1 | number: 21 }}')).toContain('number: the number of decimals is from 0 to 20, not 21.');
  });
});

describe('dates', () => {
  const zoned = (value: string, style: string, timeZone: string, locale = 'fr-FR') =>
    spaced(textOf(bundleOf({ html: `{{ data.at | date: "${style}" }}` }), { at: value }, { locale, timeZone }));

  test('without a time are the same day in every time zone', () => {
    for (const zone of ['Pacific/Kiritimati', 'Africa/Dakar', 'Pacific/Pago_Pago'])
      expect(zoned('2026-12-01', 'long', zone)).toBe('1 décembre 2026');
  });

  test.each([
    ['2026-12-01', 'short', '01/12/2026'],
    ['2026-12-01', 'full', 'mardi 1 décembre 2026'],
    ['2026-12-01', 'month', 'décembre 2026'],
    ['2026-12-01', 'weekday', 'mardi'],
    ['2026-12-01T23:30:00Z', 'short', '02/12/2026'],
    ['2026-12-01T23:30:00-05:00', 'time', '13:30'],
    ['2026-12-01T23:30', 'datetime', '1 décembre 2026 à 23:30'],
  ])('%s as %s is %s in Tokyo', (value, style, text) => {
    expect(zoned(value, style, 'Asia/Tokyo')).toBe(text);
  });

  test.each([
    ['{{ "2026-02-30" | date }}', 'not "2026-02-30".'],
    ['{{ "now" | date }}', 'needs a date as ISO 8601 writes it'],
    ['{{ 1700000000 | date }}', 'needs a date as ISO 8601 writes it'],
    ['{{ "2026-12-01" | date: "%Y" }}', '"%Y" is no style; use short, medium, long'],
    ['{{ "2026-12-01" | date: "constructor" }}', '"constructor" is no style'],
  ])('%s fails: %s', (html, detail) => {
    expect(fault(html)).toContain(detail);
  });
});

describe('texts', () => {
  const locales = {
    fr: { total: 'Total', hello: 'Bonjour {name}', 'items.one': '{count} article', 'items.other': '{count} articles' },
    en: { total: 'Total', hello: 'Hello {name}', due: 'Due', items: '{count} item(s)' },
  };
  const t = (html: string, data: unknown, locale?: string) => textOf(bundleOf({ html, locales }), data, { locale });

  test('come in the language that is asked for, the first by default, with what is put in escaped', () => {
    expect(t('{{ "hello" | t: name: data.name }}', { name: '<b>' }, 'en-GB')).toBe('Hello &lt;b&gt;');
    expect(t('{{ "hello" | t: name: data.name }}', { name: 'Awa {name}' })).toBe('Bonjour Awa {name}');
  });

  test('come in the form that the count asks for', () => {
    expect(t('{{ "items" | t: count: data }}', 1, 'fr')).toBe('1 article');
    expect(t('{{ "items" | t: count: data }}', 2, 'fr')).toBe('2 articles');
    expect(t('{{ "items" | t: count: data }}', 2, 'en')).toBe('2 item(s)');
  });
});

describe('a QR code', () => {
  const code = (html: string, data: unknown = {}) => write(html, data);

  test('is SVG that is not escaped, whatever its text is', () => {
    const svg = code('{{ data.text | qr: size: "25mm", label: data.text }}', { text: '"/><script>alert(1)</script>' });
    expect(svg).toMatch(/^<svg [^<]*><path [^<]*\/><path [^<]*\/><\/svg>$/);
    expect(svg).toContain('width="25mm" height="25mm"');
    expect(svg).toContain('aria-label="&quot;/&gt;&lt;script&gt;');
  });

  test.each([
    ['{{ data.long | qr }}', 'has 5000 characters, too many for one code.'],
    [`{{ "x" | qr: size: '1mm" onload="x' }}`, 'qr: size is a CSS length such as "25mm"'],
    ['{{ "x" | qr: level: "Z" }}', 'qr: level is L, M, Q or H, not "Z".'],
    ['{{ data | qr }}', 'qr: needs a text, not an object.'],
  ])('%s fails: %s', (html, detail) => {
    expect(fault(html, { long: 'x'.repeat(5_000) })).toContain(detail);
  });
});

describe('the sums of a document', () => {
  test('are exact, and in the currency of the document', () => {
    const lines = [{ description: 'Pose', quantity: 3, unitPrice: 0.1, taxPercent: 20 }];
    const html = '{% assign sums = data | totals %}{{ sums.net }} {{ sums.tax }} {{ sums.gross | money }}';
    expect(spaced(write(html, { currency: 'EUR', lines }))).toBe('0.3 0.06 0,36 €');
  });

  test.each([
    [{}, 'totals: needs a document with `currency` and `lines`'],
    [{ lines: [] }, 'totals: needs a currency'],
    [
      { currency: 'EUR', lines: [{ quantity: 'two' }] },
      'totals: each line needs `quantity`, `unitPrice` and `taxPercent`',
    ],
  ])('of %j fail: %s', (data, detail) => {
    expect(fault('{{ data | totals }}', data)).toContain(detail);
  });
});

test('countries are named in the language of the document', () => {
  expect(write('{{ "SN" | country }}, {{ "ci" | country }}')).toBe('Sénégal, Côte d’Ivoire');
  expect(fault('{{ "Senegal" | country }}')).toContain(
    'country: "Senegal" is no country; use a code of ISO 3166, such as SN.',
  );
});
