import { minorUnit } from '@tandem/contracts/currency';
import { KeptFormats } from './kept-formats.js';

/**
 * Writes numbers for print. French groups by U+202F, which many fonts lack (Liberation, and most brands'): the browser then takes
 * it from another font, or draws a box. U+00A0 stands in every font and breaks no line either.
 */
function printable(text: string): string {
  return text.replaceAll('\u202f', '\u00a0');
}

const formats = new KeptFormats<Intl.NumberFormat>();

// TypeScript does not know yet that decimals may be given as text, which Intl formats exactly.
type Decimal = number | string;

/** `1 250 000 F CFA`, `1 250,50 €`, with the decimals of the currency. */
export function formatMoney(value: Decimal, currency: string, locale: string): string {
  const format = formats.get(`money ${locale} ${currency}`, () => {
    const digits = minorUnit(currency);
    const decimals = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(locale, { style: 'currency', currency, ...decimals });
  });
  return printable(format.format(value as number));
}

/** `1 250 000`, `1 250,50`: an amount without the sign of its currency, and with more decimals only where there are more. */
export function formatAmount(value: Decimal, currency: string, locale: string): string {
  const format = formats.get(`amount ${locale} ${currency}`, () => {
    const digits = minorUnit(currency);
    return new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: Math.max(digits, 3) });
  });
  return printable(format.format(value as number));
}

/** `1 250,5`: as many decimals as there are up to three, or exactly `digits`. */
export function formatNumber(value: Decimal, locale: string, digits?: number): string {
  const format = formats.get(`number ${locale} ${digits}`, () => {
    return new Intl.NumberFormat(locale, { minimumFractionDigits: digits ?? 0, maximumFractionDigits: digits ?? 3 });
  });
  return printable(format.format(value as number));
}

/** `18 %` of 18: what stands in data is the percentage, not the fraction. */
export function formatPercent(value: Decimal, locale: string, digits?: number): string {
  const format = formats.get(`percent ${locale} ${digits}`, () => {
    const decimals = { minimumFractionDigits: digits ?? 0, maximumFractionDigits: digits ?? 2 };
    return new Intl.NumberFormat(locale, { style: 'unit', unit: 'percent', ...decimals });
  });
  return printable(format.format(value as number));
}
