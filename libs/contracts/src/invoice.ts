import { z } from 'zod';
import { Currency, decimalsOf, minorUnit } from './currency.js';
import { EXEMPTION_CODES, UNITS } from './invoice-codes.js';
import { Address, Party, Text } from './invoice-party.js';

const LongText = z
  .string()
  .trim()
  .min(1)
  .max(5_000)
  .regex(/^(?:[^\p{Cc}\p{Cs}\uFFFE\uFFFF]|[\t\n\r])*$/u, 'has a character that XML has no place for');
const decimals = (value: number) => decimalsOf(value) <= 6;
const SixDecimals = { message: 'has more than 6 decimals' };

/**
 * VAT categories of UNTDID 5305: S standard, Z zero rate, E exempt, AE reverse charge, O outside of VAT, K supply within the
 * EU, G export.
 */
export const TaxCategory = z.enum(['S', 'Z', 'E', 'AE', 'O', 'K', 'G']);
export type TaxCategory = z.infer<typeof TaxCategory>;

/** What an amount is taxed with. */
const taxed = {
  taxPercent: z.number().min(0).max(100).refine(decimals, SixDecimals).meta({ example: 18 }),
  taxCategory: TaxCategory.optional().meta({
    description:
      'S standard, Z zero rate, E exempt, AE reverse charge, O outside of VAT, K within the EU, G export. S by default, Z where taxPercent is 0',
  }),
};

/** One line of a business document. */
export const InvoiceLine = z.strictObject({
  description: Text,
  details: LongText.optional(),
  reference: Text.optional().meta({ description: "The seller's own for the article" }),
  quantity: z.number().min(-1e9).max(1e9).refine(decimals, SixDecimals),
  unit: z
    .string()
    .refine((code) => UNITS.has(code), 'must be a unit code of UN/ECE Recommendation 20, such as C62, HUR or KGM')
    .optional()
    .meta({ description: 'UN/ECE Recommendation 20: C62 (piece, the default), HUR hour, DAY, MON, KGM, LTR, MTR' }),
  unitLabel: z.string().trim().min(1).max(50).optional().meta({ description: 'The unit as people read it' }),
  unitPrice: z.number().min(0).max(1e12).refine(decimals, SixDecimals).meta({ description: 'Without tax' }),
  discountPercent: z.number().min(0).max(100).refine(decimals, SixDecimals).optional(),
  ...taxed,
});
export type InvoiceLine = z.infer<typeof InvoiceLine>;

/** What is taken from, or added to, the sum of the lines. */
export const Adjustment = z
  .strictObject({
    reason: Text.meta({ example: 'Remise fidélité' }),
    amount: z.number().min(0).max(1e12).optional().meta({ description: 'Without tax' }),
    percent: z
      .number()
      .min(0)
      .max(100)
      .refine(decimals, SixDecimals)
      .optional()
      .meta({ description: 'Of the sum of the lines' }),
    ...taxed,
  })
  .refine(({ amount, percent }) => (amount === undefined) !== (percent === undefined), {
    message: 'needs either an amount or a percent',
  });
export type Adjustment = z.infer<typeof Adjustment>;

/** Why no VAT is due: a text, a code of the VATEX list, or both. */
const Exemption = z
  .strictObject({
    reason: Text.optional().meta({ example: 'TVA non applicable, art. 293 B du CGI' }),
    code: z
      .string()
      .refine((code) => EXEMPTION_CODES.has(code), 'must be a code of the VATEX list, such as VATEX-EU-AE')
      .optional(),
  })
  .refine(({ reason, code }) => reason || code, { message: 'needs a reason or a code' });

export const PaymentMeans = z.enum(['cash', 'transfer', 'card', 'online', 'other']);

/**
 * A business document: invoice, credit note, quote, receipt. Sums are computed, never sent. Reaches from what every document
 * has to all that EN 16931 needs.
 */
export const Invoice = z
  .strictObject({
    type: z.enum(['invoice', 'credit-note', 'corrected-invoice']).optional().meta({
      description: 'invoice (380) by default, credit-note (381), corrected-invoice (384). Amounts of all are positive',
    }),
    number: Text.meta({ example: 'FA-2026-0042' }),
    issueDate: z.iso.date(),
    dueDate: z.iso.date().optional(),
    deliveryDate: z.iso.date().optional(),
    period: z
      .strictObject({ start: z.iso.date(), end: z.iso.date() })
      .optional()
      .meta({ description: 'That is billed' }),
    currency: Currency,
    seller: Party,
    buyer: Party.extend({ reference: Text.optional().meta({ description: "The buyer's own for this purchase" }) }),
    deliverTo: Address.optional().meta({ description: 'Where the goods went, when not to the buyer' }),
    orderNumber: Text.optional(),
    contractNumber: Text.optional(),
    precedingInvoices: z
      .array(z.strictObject({ number: Text, issueDate: z.iso.date().optional() }))
      .max(100)
      .optional()
      .meta({ description: 'That this one corrects or credits' }),
    lines: z.array(InvoiceLine).min(1).max(2_000),
    allowances: z.array(Adjustment).max(50).optional().meta({ description: 'Taken from the sum of the lines' }),
    charges: z.array(Adjustment).max(50).optional().meta({ description: 'Added to the sum of the lines' }),
    exemptions: z
      .partialRecord(TaxCategory.exclude(['S', 'Z']), Exemption)
      .optional()
      .meta({ description: 'Why no VAT is due, by category. AE, O, K and G have a usual reason; E needs one' }),
    prepaid: z.number().min(0).max(1e12).optional().meta({ description: 'Paid already' }),
    payment: z
      .strictObject({ means: PaymentMeans.optional(), reference: Text.optional() })
      .optional()
      .meta({ description: 'How it is to be paid, and what the payment should name' }),
    payLink: z
      .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
      .max(2_048)
      .optional(),
    notes: LongText.optional(),
    mentions: z
      .array(z.strictObject({ code: z.enum(['REG', 'ABL', 'AAI', 'PMT', 'PMD', 'AAB', 'TXD', 'SUR']), text: LongText }))
      .max(20)
      .optional()
      .meta({
        description:
          'What the law asks for, each with its code of UNTDID 4451. In France between businesses: PMT cost of recovery, PMD late payment, AAB discount',
      }),
    terms: LongText.optional().meta({ description: 'Of payment' }),
  })
  .superRefine((invoice, ctx) => {
    const digits = minorUnit(invoice.currency);
    const amounts: [unknown[], number | undefined][] = [
      [['prepaid'], invoice.prepaid],
      ...(['allowances', 'charges'] as const).flatMap((name) =>
        (invoice[name] ?? []).map(({ amount }, index): [unknown[], number | undefined] => [
          [name, index, 'amount'],
          amount,
        ]),
      ),
    ];
    for (const [path, amount] of amounts)
      if (amount !== undefined && decimalsOf(amount) > digits)
        ctx.addIssue({
          code: 'custom',
          path: path as PropertyKey[],
          message: `${invoice.currency} has ${digits === 0 ? 'no' : digits} decimals`,
        });
  });
export type Invoice = z.infer<typeof Invoice>;
