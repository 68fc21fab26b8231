import { minorUnit } from '@tandem/contracts/currency';
import { categoryOf } from '@tandem/contracts/en16931';
import type { Invoice, TaxCategory } from '@tandem/contracts/invoice';
import Big from 'big.js';

/** What totals are computed from: any document with lines. */
export type Priced = Pick<Invoice, 'currency' | 'lines' | 'allowances' | 'charges' | 'prepaid'>;

/** A line's amounts: `gross` is quantity times price, `net` is what remains of it after `discount`. */
export interface LineTotals {
  gross: number;
  discount: number;
  net: number;
}

/** VAT of one category and rate. */
export interface TaxTotals {
  category: TaxCategory;
  percent: number;
  base: number;
  amount: number;
}

/** The sums of a document, exact to the minor unit of its currency. */
export interface Totals {
  lines: LineTotals[];
  /** Sum of the lines, before allowances and charges. */
  subtotal: number;
  allowances: { amount: number }[];
  charges: { amount: number }[];
  allowanceTotal: number;
  chargeTotal: number;
  /** Without tax. */
  net: number;
  /** Highest rate first. */
  taxes: TaxTotals[];
  tax: number;
  /** With tax. */
  gross: number;
  prepaid: number;
  due: number;
}

/** Above this, a number of JavaScript no longer tells one hundredth from the next. */
const LARGEST = 1e13;

/**
 * The sums as EN 16931 wants them (BR-CO-10 to BR-CO-17): lines are rounded, tax is rounded once for each category and rate,
 * halves away from zero, and every sum is the sum of the rounded numbers that stand in the document. Throws a `RangeError`
 * for sums of 10^13 and more.
 */
export function computeTotals({ currency, lines, allowances = [], charges = [], prepaid = 0 }: Priced): Totals {
  const digits = minorUnit(currency);
  const money = (amount: Big) => amount.round(digits, Big.roundHalfUp);
  const share = (amount: Big, percent: number) => money(amount.times(percent).div(100));

  const priced = lines.map(({ quantity, unitPrice, discountPercent = 0 }) => {
    const gross = money(new Big(quantity).times(unitPrice));
    const discount = share(gross, discountPercent);
    return { gross, discount, net: gross.minus(discount) };
  });
  const subtotal = sum(priced.map(({ net }) => net));
  const adjust = ({ amount, percent = 0 }: { amount?: number; percent?: number }) =>
    amount === undefined ? share(subtotal, percent) : money(new Big(amount));
  const taken = allowances.map(adjust);
  const added = charges.map(adjust);

  const taxes = taxesOf([
    ...lines.map((line, index) => ({ item: line, amount: priced[index]!.net })),
    ...allowances.map((item, index) => ({ item, amount: taken[index]!.neg() })),
    ...charges.map((item, index) => ({ item, amount: added[index]! })),
  ]).map((entry) => ({ ...entry, amount: share(entry.base, entry.percent) }));
  const net = subtotal.minus(sum(taken)).plus(sum(added));
  const tax = sum(taxes.map(({ amount }) => amount));
  const gross = net.plus(tax);
  const paid = money(new Big(prepaid));
  return {
    lines: priced.map((line) => ({
      gross: number(line.gross),
      discount: number(line.discount),
      net: number(line.net),
    })),
    subtotal: number(subtotal),
    allowances: taken.map((amount) => ({ amount: number(amount) })),
    charges: added.map((amount) => ({ amount: number(amount) })),
    allowanceTotal: number(sum(taken)),
    chargeTotal: number(sum(added)),
    net: number(net),
    taxes: taxes.map(({ base, amount, ...entry }) => ({ ...entry, base: number(base), amount: number(amount) })),
    tax: number(tax),
    gross: number(gross),
    prepaid: number(paid),
    due: number(gross.minus(paid)),
  };
}

type Taxed = Parameters<typeof categoryOf>[0];

/** What is taxed, by category and rate, the highest rate first. */
function taxesOf(parts: { item: Taxed; amount: Big }[]): { category: TaxCategory; percent: number; base: Big }[] {
  const bases = new Map<string, { category: TaxCategory; percent: number; base: Big }>();
  for (const { item, amount } of parts) {
    const category = categoryOf(item);
    const key = `${category} ${item.taxPercent}`;
    const base = (bases.get(key)?.base ?? new Big(0)).plus(amount);
    bases.set(key, { category, percent: item.taxPercent, base });
  }
  return [...bases.values()].sort((a, b) => b.percent - a.percent || (a.category < b.category ? -1 : 1));
}

function sum(amounts: Big[]): Big {
  return amounts.reduce((total, amount) => total.plus(amount), new Big(0));
}

/** The number whose shortest text is the amount: no dust, and no negative zero. */
function number(amount: Big): number {
  if (amount.abs().gte(LARGEST)) throw new RangeError(`The sum ${amount.toFixed()} is too large.`);
  return amount.eq(0) ? 0 : amount.toNumber();
}
