import { minorUnit } from '@tandem/contracts/currency';
import { exactDecimal } from '../filters/decimal.js';
import { type CurrencyNames, currencyNames } from './currency-names.js';
import { englishWords } from './english.js';
import { endsInNoun, frenchWords } from './french.js';

const LANGUAGES = ['fr', 'en'] as const;
type Language = (typeof LANGUAGES)[number];

/** Below this amounts are exact as numbers, and every number has a name. */
const TOO_LARGE = 10n ** 15n;

/**
 * An amount in letters, as cheques and invoices ask for: `un million deux cent cinquante mille francs CFA`. It is rounded to the
 * currency's minor unit first, halves away from zero. Without a currency the number alone, which must then be whole.
 * Throws an `Error` for other languages than French and English.
 */
export function amountInWords(amount: number | string, locale: string, currency?: string): string {
  const language = languageOf(locale);
  const digits = currency === undefined ? 0 : minorUnit(currency);
  const decimal = exactDecimal(amount, digits);
  if (currency === undefined && Number(amount) !== Number(decimal))
    throw new Error(`words: ${amount} is no whole number; name a currency, or round it first.`);
  const [whole = '0', minor = ''] = decimal.replace('-', '').split('.');
  const units = BigInt(whole);
  if (units >= TOO_LARGE) throw new Error(`words: ${amount} is too large; it must be below 10^15.`);
  const parts = currency === undefined ? number(language, units) : inCurrency(language, units, minor, currency);
  const negative = decimal.startsWith('-') && /[1-9]/.test(decimal);
  return negative ? `${language === 'fr' ? 'moins' : 'minus'} ${parts}` : parts;
}

function languageOf(locale: string): Language {
  const language = LANGUAGES.find((known) => known === locale.split('-')[0]);
  if (!language)
    throw new Error(
      `words: writes French and English, not "${locale}"; add a locale, as in words: currency, locale: "fr".`,
    );
  return language;
}

function inCurrency(language: Language, units: bigint, minor: string, currency: string): string {
  const names = currencyNames(language, currency);
  const cents = BigInt(minor || 0);
  const and = language === 'fr' ? 'et' : 'and';
  const main = counted(language, units, names);
  if (cents === 0n) return main;
  if (!names.minor || minor.length !== 2) return `${main} ${and} ${minor}/1${'0'.repeat(minor.length)}`;
  const rest = counted(language, cents, names.minor);
  return units === 0n ? rest : `${main} ${and} ${rest}`;
}

function counted(language: Language, value: bigint, { one, many, feminine }: CurrencyNames): string {
  // French counts in the singular below two: zéro franc.
  const singular = language === 'fr' ? value < 2n : value === 1n;
  const name = singular ? one : many;
  if (language === 'en') return `${englishWords(value)} ${name}`;
  const words = feminine ? frenchWords(value).replace(/\bun$/, 'une') : frenchWords(value);
  if (!endsInNoun(value)) return `${words} ${name}`;
  return /^[aeiouhé]/i.test(name) ? `${words} d’${name}` : `${words} de ${name}`;
}

function number(language: Language, value: bigint): string {
  return language === 'fr' ? frenchWords(value) : englishWords(value);
}
