import { currencyDigits } from './decimal.js';

/**
 * Writes numbers for print. French groups by U+202F, which many fonts lack (Liberation, and most brands'): the browser then takes
 * it from another font, or draws a box. U+00A0 stands in every font and breaks no line either.
 */
function printable(text: string): string {
  return text.replaceAll('\u202f', '\u00a0');
}

const formats = new Map<string, Intl.NumberFormat>();
/** Formats are dear to make and few; the bound is for templates that ask for every number of digits there is. */
const MOST_FORMATS = 500;

function formatOf(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  if (formats.size >= MOST_FORMATS) formats.clear();
  const format = new Intl.NumberFormat(locale, options);
  formats.set(key, format);
  return format;
}

// TypeScript does not know yet that decimals may be given as text, which Intl formats exactly.
type Decimal = number | string;

/** `1 250 000 F CFA`, `1 250,50 €`, with the decimals of the currency. */
export function formatMoney(value: Decimal, currency: string, locale: string): string {
  const digits = currencyDigits(currency);
  const format = formatOf(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return printable(format.format(value as number));
}

/** `1 250,5`: as many decimals as there are up to three, or exactly `digits`. */
export function formatNumber(value: Decimal, locale: string, digits?: number): string {
  const options = { minimumFractionDigits: digits ?? 0, maximumFractionDigits: digits ?? 3 };
  return printable(formatOf(locale, options).format(value as number));
}

/** `18 %` of 18: what stands in data is the percentage, not the fraction. */
export function formatPercent(value: Decimal, locale: string, digits?: number): string {
  const options: Intl.NumberFormatOptions = {
    style: 'unit',
    unit: 'percent',
    minimumFractionDigits: digits ?? 0,
    maximumFractionDigits: digits ?? 2,
  };
  return printable(formatOf(locale, options).format(value as number));
}
