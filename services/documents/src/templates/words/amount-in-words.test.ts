import fc from 'fast-check';
import { toCardinal as referenceEnglish } from 'n2words/en-US';
import { toCardinal as referenceFrench } from 'n2words/fr-FR';
import { describe, expect, test } from 'vitest';
import { amountInWords } from './amount-in-words.js';
import { englishWords } from './english.js';
import { frenchWords } from './french.js';

const plainEnglish = (value: bigint) => referenceEnglish(value).replaceAll(' and ', ' ');

describe('numbers in letters', () => {
  test('are those of n2words from zero to ten thousand, and of each thousand to a million', () => {
    const different: string[] = [];
    for (let value = 0n; value <= 1_000_000n; value += value < 10_000n ? 1n : 1_000n) {
      if (frenchWords(value) !== referenceFrench(value)) different.push(frenchWords(value));
      if (englishWords(value) !== plainEnglish(value)) different.push(englishWords(value));
    }
    expect(different).toEqual([]);
  });

  test('are those of n2words also when they are large', () => {
    // Round numbers are where the rules of French are: cents, vingts, mille, and what stands before them.
    const group = fc.constantFrom(0, 1, 2, 21, 71, 80, 81, 91, 99, 100, 180, 200, 280, 300, 999);
    const value = fc
      .tuple(group, group, group, group, group)
      .map((groups) => BigInt(groups.map((part) => String(part).padStart(3, '0')).join('')));
    fc.assert(
      fc.property(fc.oneof(value, fc.bigInt({ min: 0n, max: 10n ** 15n - 1n })), (number) => {
        expect(frenchWords(number)).toBe(referenceFrench(number));
        expect(englishWords(number)).toBe(plainEnglish(number));
      }),
      { numRuns: 500 },
    );
  });
});

describe('amounts in letters', () => {
  test.each([
    [200_000, 'XOF', 'deux cent mille francs CFA'],
    [81, 'XOF', 'quatre-vingt-un francs CFA'],
    [1_250_000, 'XAF', 'un million deux cent cinquante mille francs CFA'],
    [1_000_000, 'XOF', 'un million de francs CFA'],
    [80_000_000, 'XOF', 'quatre-vingts millions de francs CFA'],
    [200_000_000, 'XOF', 'deux cents millions de francs CFA'],
    [2_000_000, 'EUR', 'deux millions d’euros'],
    [1, 'XOF', 'un franc CFA'],
    [0, 'XOF', 'zéro franc CFA'],
    [1.5, 'EUR', 'un euro et cinquante centimes'],
    [0.01, 'EUR', 'un centime'],
    [1200.5, 'USD', 'mille deux cents dollars et cinquante cents'],
    [21, 'GBP', 'vingt et une livres sterling'],
    [-7, 'EUR', 'moins sept euros'],
    ['1250000.505', 'EUR', 'un million deux cent cinquante mille euros et cinquante et un centimes'],
    [0.3 - 0.1, 'EUR', 'vingt centimes'],
    [1.5, 'XOF', 'deux francs CFA'],
    [3, 'GNF', 'trois francs guinéens'],
    ['1.250', 'TND', 'un dinar tunisien et 250/1000'],
    [1, 'SEK', 'une couronne suédoise'],
  ])('%s %s is in French: %s', (amount, currency, words) => {
    expect(amountInWords(amount, 'fr-FR', currency)).toBe(words);
  });

  test.each([
    [1_250_000, 'XOF', 'one million two hundred fifty thousand CFA francs'],
    [1, 'USD', 'one dollar'],
    [0, 'EUR', 'zero euros'],
    [99.99, 'USD', 'ninety-nine dollars and ninety-nine cents'],
    [1.01, 'GBP', 'one pound sterling and one penny'],
  ])('%s %s is in English: %s', (amount, currency, words) => {
    expect(amountInWords(amount, 'en', currency)).toBe(words);
  });

  test('are refused in other languages, without a currency when they have decimals, and from 10^15', () => {
    expect(() => amountInWords(1, 'ar', 'XOF')).toThrow('writes French and English, not "ar"');
    expect(() => amountInWords(1.5, 'fr')).toThrow('name a currency');
    expect(() => amountInWords(1e15, 'fr', 'XOF')).toThrow('too large');
  });
});
