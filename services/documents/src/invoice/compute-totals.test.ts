import { decimalsOf, minorUnit } from '@tandem/contracts/currency';
import { Invoice } from '@tandem/contracts/invoice';
import Big from 'big.js';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { computeTotals, type Priced } from './compute-totals.js';

const decimal = (max: number, digits: number) =>
  fc.integer({ min: 0, max: max * 10 ** digits }).map((units) => new Big(units).div(10 ** digits).toNumber());
const rate = fc.constantFrom(0, 2.1, 5.5, 10, 18, 20);
const adjustment = fc.record({ reason: fc.constant('x'), percent: decimal(100, 2), taxPercent: rate });
const priced: fc.Arbitrary<Priced> = fc.record({
  currency: fc.constantFrom('EUR', 'XOF', 'TND'),
  lines: fc.array(
    fc.record({
      description: fc.constant('x'),
      quantity: decimal(1_000, 3),
      unitPrice: decimal(10_000, 4),
      discountPercent: fc.option(decimal(100, 2), { nil: undefined }),
      taxPercent: rate,
    }),
    { minLength: 1, maxLength: 40 },
  ),
  allowances: fc.array(adjustment, { maxLength: 3 }),
  charges: fc.array(adjustment, { maxLength: 3 }),
  prepaid: fc.integer({ min: 0, max: 100_000 }),
});
const sum = (values: number[]) => values.reduce((total, value) => total.plus(value), new Big(0)).toNumber();
const lines = (...entries: [quantity: number, unitPrice: number, taxPercent: number][]) =>
  entries.map(([quantity, unitPrice, taxPercent]) => ({ description: 'x', quantity, unitPrice, taxPercent }));

it('gives sums that add up from the numbers that stand in the document', () => {
  fc.assert(
    fc.property(priced, (document) => {
      const totals = computeTotals(document);
      expect(totals.subtotal).toBe(sum(totals.lines.map(({ net }) => net)));
      expect(totals.net).toBe(
        sum([totals.subtotal, ...totals.charges.map((c) => c.amount), ...totals.allowances.map((a) => -a.amount)]),
      );
      expect(totals.net).toBe(sum(totals.taxes.map(({ base }) => base)));
      expect(totals.tax).toBe(sum(totals.taxes.map(({ amount }) => amount)));
      expect(totals.gross).toBe(sum([totals.net, totals.tax]));
      expect(totals.due).toBe(sum([totals.gross, -totals.prepaid]));
    }),
  );
});

it('gives no number more decimals than its currency has', () => {
  fc.assert(
    fc.property(priced, (document) => {
      const { lines: perLine, allowances, charges, taxes, ...totals } = computeTotals(document);
      const numbers = [
        ...Object.values(totals),
        ...perLine.flatMap(({ gross, discount, net }) => [gross, discount, net]),
        ...[...allowances, ...charges].map(({ amount }) => amount),
        ...taxes.flatMap(({ base, amount }) => [base, amount]),
      ];
      expect(Math.max(...numbers.map(decimalsOf))).toBeLessThanOrEqual(minorUnit(document.currency));
    }),
  );
});

it('rounds halves away from zero where binary fractions fall below them', () => {
  expect(computeTotals({ currency: 'EUR', lines: lines([1, 1.005, 20]) }).net).toBe(1.01);
  expect(computeTotals({ currency: 'EUR', lines: lines([-1, 1.005, 20]) }).net).toBe(-1.01);
  expect(computeTotals({ currency: 'EUR', lines: lines([3, 0.1, 0], [3, 0.2, 0]) }).net).toBe(0.9);
});

it('rounds CFA francs to whole ones', () => {
  const totals = computeTotals({ currency: 'XOF', lines: lines([3, 333.33, 18]) });
  expect(totals).toMatchObject({ net: 1000, tax: 180, gross: 1180, due: 1180 });
});

it('taxes what allowances leave and charges add, at their own rates', () => {
  const totals = computeTotals({
    currency: 'EUR',
    lines: lines([10, 10, 20], [1, 50, 5.5]),
    allowances: [{ reason: 'Remise', percent: 10, taxPercent: 20 }],
    charges: [{ reason: 'Port', amount: 5, taxPercent: 5.5 }],
    prepaid: 40,
  });
  expect(totals).toMatchObject({
    subtotal: 150,
    net: 140,
    taxes: [
      { category: 'S', percent: 20, base: 85, amount: 17 },
      { category: 'S', percent: 5.5, base: 55, amount: 3.03 },
    ],
    gross: 160.03,
    due: 120.03,
  });
});

it('refuses sums that numbers cannot hold', () => {
  expect(() => computeTotals({ currency: 'EUR', lines: lines([1e6, 1e12, 20]) })).toThrow('is too large');
});

it('refuses an invoice whose amount paid has more decimals than its currency, a mistyped IBAN, and what is no text', () => {
  const party = { name: 'Teranga', address: { country: 'SN' } };
  const invoice = { number: '1', issueDate: '2026-11-21', currency: 'XOF', buyer: party, lines: lines([1, 1, 18]) };
  const fails = (more: object) =>
    Invoice.safeParse({ ...invoice, seller: party, ...more }).error?.issues.map(({ path }) => path.join('.'));
  expect(fails({})).toBeUndefined();
  for (const notes of ['a\u0000', 'a\ud800', 'a\uffff']) expect(fails({ notes })).toEqual(['notes']);
  expect(fails({ notes: 'a\n\t😀' })).toBeUndefined();
  expect(fails({ prepaid: 0.5 })).toEqual(['prepaid']);
  expect(fails({ seller: { ...party, bank: { iban: 'FR7630006000011234567890189' } } })).toBeUndefined();
  expect(fails({ seller: { ...party, bank: { iban: 'FR7630006000011234567890188' } } })).toEqual(['seller.bank.iban']);
});
