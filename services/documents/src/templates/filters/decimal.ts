const DECIMAL = /^-?\d{1,21}(?:\.\d{1,20})?$/;

/**
 * A number of a template's data: a number, or a decimal as text (`"1250000.50"`), which keeps what a number would round.
 * Undefined for what is not there, so that filters write nothing for it. Throws an `Error` that names the filter otherwise.
 */
export function decimalOf(filter: string, value: unknown): number | string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'string' && DECIMAL.test(value.trim())) return value.trim();
  throw new Error(`${filter}: needs a number, not ${shown(value)}.`);
}

/** A value as it may stand in a message. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`;
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** An ISO 4217 code. Throws an `Error` that names the filter. */
export function currencyOf(filter: string, value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z]{3}$/.test(value)) return value.toUpperCase();
  if (value === undefined || value === null)
    throw new Error(`${filter}: needs a currency, as in ${filter}: "XOF", or data.currency.`);
  throw new Error(`${filter}: ${shown(value)} is no currency; use a code of ISO 4217, such as XOF or EUR.`);
}

/** Rounded to so many decimals, halves away from zero, without an exponent: `-1250000.50`. */
export function exactDecimal(value: number | string, digits: number): string {
  const format = new Intl.NumberFormat('en', {
    useGrouping: false,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return format.format(value as number);
}
