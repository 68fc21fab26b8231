import { z } from 'zod';
import { CURRENCIES } from './invoice-codes.js';

/** Currencies of ISO 4217 whose minor unit is not a hundredth. Not from Intl, whose digits are those of everyday cash. */
const DIGITS: Record<string, number> = {
  ...digits(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...digits(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...digits(4, 'CLF UYW'),
};

/** Decimals of a currency's minor unit: 2 of EUR, none of XOF. */
export function minorUnit(currency: string): number {
  return DIGITS[currency] ?? 2;
}

/** How many decimals a number is written with; of the shortest text that stands for it. */
export function decimalsOf(value: number): number {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(exponent));
}

/** A currency by its ISO 4217 code. */
export const Currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be a currency of ISO 4217, such as EUR or XOF')
  .refine((code) => CURRENCIES.has(code), 'is no currency of ISO 4217')
  .meta({ example: 'XOF' });

function digits(count: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, count]));
}
