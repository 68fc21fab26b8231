import type { FilterImplOptions } from 'liquidjs';
import { computeTotals, type Priced, type Totals } from '../../invoice/compute-totals.js';
import { escapeHtml } from '../../render/escape-html.js';
import { fillText } from '../texts.js';
import { amountInWords } from '../words/amount-in-words.js';
import { currencyOf, decimalOf, shown } from './decimal.js';
import { argumentsOf, stateOf } from './fill-state.js';
import { formatDate } from './format-date.js';
import { formatAmount, formatMoney, formatNumber, formatPercent } from './format-numbers.js';
import { KeptFormats } from './kept-formats.js';
import { lineCount } from './line-count.js';
import { qrCode } from './qr-code.js';
import { unitName } from './unit-name.js';

/** Of documents: each part of a template asks for them again. */
const known = new WeakMap<object, Totals>();
const countries = new KeptFormats<Intl.DisplayNames>();

type Handler = Extract<FilterImplOptions, (...args: never[]) => unknown>;
type Filter = ThisParameterType<Handler>;

/**
 * Filters that templates have beside Liquid's own; `docs/reference/templates.md` shows each. What is not there is written as
 * nothing, as Liquid does; what is there and of the wrong kind is an error that names the filter.
 */
export const filters: Record<string, FilterImplOptions> = {
  t,
  money,
  amount,
  number,
  percent,
  date,
  words,
  country,
  unit,
  totals,
  line_count,
  qr: { handler: qr, raw: true },
  // Liquid's own would be escaped a second time on the way out.
  escape: { handler: escapeText, raw: true },
  newline_to_br: { handler: newlineToBr, raw: true },
};

/** The text of a key in the document's language: `{{ "total" | t }}`, `{{ "page" | t: number: 3 }}`. */
function t(this: Filter, value: unknown, ...args: unknown[]): string {
  const { texts, warn } = stateOf(this);
  const { named } = argumentsOf(args);
  const key = textOf(value);
  const count = named.get('count');
  const found = texts.find(key, count === undefined ? undefined : Number(count));
  if (!found) {
    warn(`There is no text "${key}" in the template's locales; the document shows [${key}].`);
    return `[${key}]`;
  }
  if (found.locale !== texts.locale)
    warn(`The text "${key}" is missing in "${texts.locale}"; that of "${found.locale}" stands in.`);
  return fillText(found.text, new Map([...named].map(([name, parameter]) => [name, textOf(parameter)])));
}

/** `{{ line.net | money: "XOF" }}`; without a currency that of `data.currency`. */
function money(this: Filter, value: unknown, currency?: unknown): string {
  const amount = decimalOf('money', value);
  if (amount === undefined) return '';
  return formatMoney(amount, currencyOf('money', currency ?? ownCurrency(this)), stateOf(this).locale);
}

/** `{{ line.unitPrice | amount: "EUR" }}`: as `money`, without the sign of the currency. */
function amount(this: Filter, value: unknown, currency?: unknown): string {
  const number = decimalOf('amount', value);
  if (number === undefined) return '';
  return formatAmount(number, currencyOf('amount', currency ?? ownCurrency(this)), stateOf(this).locale);
}

/** `{{ 1250.5 | number }}`, `{{ 1250.5 | number: 2 }}`. */
function number(this: Filter, value: unknown, digits?: unknown): string {
  const amount = decimalOf('number', value);
  return amount === undefined ? '' : formatNumber(amount, stateOf(this).locale, digitsOf('number', digits));
}

/** `{{ 18 | percent }}`: 18 %. */
function percent(this: Filter, value: unknown, digits?: unknown): string {
  const amount = decimalOf('percent', value);
  return amount === undefined ? '' : formatPercent(amount, stateOf(this).locale, digitsOf('percent', digits));
}

/** `{{ data.issueDate | date: "long" }}`; long by default. */
function date(this: Filter, value: unknown, style: unknown = 'long'): string {
  const { locale, timeZone } = stateOf(this);
  return isNothing(value) ? '' : formatDate(value, style, locale, timeZone);
}

/** `{{ totals.gross | words: data.currency }}`; without a currency the number alone. */
function words(this: Filter, value: unknown, ...args: unknown[]): string {
  const { places, named } = argumentsOf(args);
  const amount = decimalOf('words', value);
  if (amount === undefined) return '';
  const currency = isNothing(places[0]) ? undefined : currencyOf('words', places[0]);
  return amountInWords(amount, textOf(named.get('locale') ?? stateOf(this).locale), currency);
}

/** `{{ "SN" | country }}`: Sénégal. */
function country(this: Filter, value: unknown): string {
  if (isNothing(value)) return '';
  const code = textOf(value).toUpperCase();
  if (!/^[A-Z]{2}$/.test(code))
    throw new Error(`country: ${shown(value)} is no country; use a code of ISO 3166, such as SN.`);
  const { locale } = stateOf(this);
  return countries.get(locale, () => new Intl.DisplayNames(locale, { type: 'region' })).of(code) ?? code;
}

/** `{{ line.unit | unit }}`: heure for HUR, where the texts say so, and kg for KGM. */
function unit(this: Filter, value: unknown): string {
  return isNothing(value) ? '' : unitName(textOf(value), stateOf(this).texts);
}

/** `{% assign totals = data | totals %}`: the exact sums of a document with lines, see `computeTotals`. */
function totals(this: Filter, value: unknown): Totals {
  const document = value as Partial<Priced> | null | undefined;
  if (!Array.isArray(document?.lines))
    throw new Error('totals: needs a document with `currency` and `lines`, as in data | totals.');
  currencyOf('totals', document.currency);
  this.context.memoryLimit.use(document.lines.length * 10);
  try {
    const totals = known.get(document) ?? computeTotals(document as Priced);
    known.set(document, totals);
    return totals;
  } catch (cause) {
    if (cause instanceof RangeError) throw new Error(`totals: ${cause.message}`, { cause });
    const detail = 'totals: each line needs `quantity`, `unitPrice` and `taxPercent`, and all amounts are numbers.';
    throw new Error(detail, { cause });
  }
}

/** `{{ line.description | line_count: 40 }}`: 2, where it is longer than one line of 40 letters; 0 of nothing. */
function line_count(this: Filter, value: unknown, letters: unknown): number {
  const most = Number(letters);
  if (!(most >= 1)) throw new Error(`line_count: say how many letters a line has, 1 or more, not ${shown(letters)}.`);
  const text = textOf(value);
  this.context.memoryLimit.use(text.length);
  return text.trim() === '' ? 0 : lineCount(text, most);
}

/** `{{ data.payLink | qr: size: "25mm" }}`: inline SVG. */
function qr(this: Filter, value: unknown, ...args: unknown[]): string {
  return isNothing(value) ? '' : qrCode(value, Object.fromEntries(argumentsOf(args).named));
}

function escapeText(this: Filter, value: unknown): string {
  const text = textOf(value);
  this.context.memoryLimit.use(text.length);
  return escapeHtml(text);
}

/** Lines of an address or a note, each on its own: `{{ data.notes | newline_to_br }}`. */
function newlineToBr(this: Filter, value: unknown): string {
  return escapeText.call(this, value).replace(/\r?\n/g, '<br>\n');
}

function ownCurrency({ context }: Filter): unknown {
  return context.getSync(['data', 'currency']);
}

function digitsOf(filter: string, digits: unknown): number | undefined {
  if (isNothing(digits)) return undefined;
  const count = Number(digits);
  if (!Number.isInteger(count) || count < 0 || count > 20)
    throw new Error(`${filter}: the number of decimals is from 0 to 20, not ${shown(digits)}.`);
  return count;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function textOf(value: unknown): string {
  return isNothing(value) ? '' : String(value);
}
