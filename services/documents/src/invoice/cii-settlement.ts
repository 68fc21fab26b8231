import { categoryOf } from '@tandem/contracts/en16931';
import type { Invoice, TaxCategory } from '@tandem/contracts/invoice';
import {
  allowanceCharge,
  amount,
  attributed,
  type CiiStyle,
  dated,
  day,
  type Element,
  plain,
  tradeTax,
  wrapped,
} from './cii-parts.js';
import type { Totals } from './compute-totals.js';

/** Why a category has no VAT, where its own reason is enough. */
const EXEMPTIONS: Partial<Record<TaxCategory, { reason: string; code: string }>> = {
  AE: { reason: 'Reverse charge', code: 'VATEX-EU-AE' },
  K: { reason: 'Intra-community supply', code: 'VATEX-EU-IC' },
  G: { reason: 'Export outside the EU', code: 'VATEX-EU-G' },
  O: { reason: 'Not subject to VAT', code: 'VATEX-EU-O' },
};

/** Codes of UNTDID 4461. */
const MEANS = { cash: '10', transfer: '30', card: '48', online: '68', other: 'ZZZ' };
const SEPA_TRANSFER = '58';

/** How the invoice is paid, and its sums (BG-16 to BG-23). */
export function tradeSettlement(invoice: Invoice, totals: Totals, style: CiiStyle): Element {
  const { currency, payment, period, terms, dueDate, precedingInvoices = [] } = invoice;
  return {
    'ram:PaymentReference': payment?.reference,
    'ram:InvoiceCurrencyCode': currency,
    'ram:SpecifiedTradeSettlementPaymentMeans': paymentMeans(invoice, style),
    'ram:ApplicableTradeTax': taxBreakdown(invoice, totals, style),
    'ram:BillingSpecifiedPeriod': period
      ? { 'ram:StartDateTime': day(period.start), 'ram:EndDateTime': day(period.end) }
      : undefined,
    'ram:SpecifiedTradeAllowanceCharge': adjustments(invoice, totals, style),
    'ram:SpecifiedTradePaymentTerms':
      terms || dueDate ? { 'ram:Description': terms, 'ram:DueDateDateTime': dated(dueDate) } : undefined,
    'ram:SpecifiedTradeSettlementHeaderMonetarySummation': summation(invoice, totals, style),
    'ram:InvoiceReferencedDocument': precedingInvoices.map(({ number, issueDate }) => ({
      'ram:IssuerAssignedID': number,
      'ram:FormattedIssueDateTime': issueDate ? day(issueDate, 'qdt') : undefined,
    })),
  };
}

function paymentMeans({ seller, currency, payment }: Invoice, { profile }: CiiStyle): Element | undefined {
  const { bank, mobileMoney = [] } = seller;
  const account = bank?.iban ?? bank?.account;
  const means = payment?.means ?? (account ? 'transfer' : mobileMoney.length > 0 ? 'online' : undefined);
  if (!means) return undefined;
  const sepa = means === 'transfer' && bank?.iban && currency === 'EUR';
  const full = profile === 'en16931';
  const mobile = mobileMoney.map(({ operator, number }) => `${operator} ${number}`).join(', ');
  const credited = means === 'transfer' && account;
  return {
    'ram:TypeCode': sepa ? SEPA_TRANSFER : MEANS[means],
    'ram:Information': full && mobile ? mobile : undefined,
    'ram:PayeePartyCreditorFinancialAccount': credited
      ? {
          'ram:IBANID': bank?.iban?.replaceAll(' ', ''),
          'ram:AccountName': full ? bank?.holder : undefined,
          'ram:ProprietaryID': bank?.iban ? undefined : bank?.account,
        }
      : undefined,
    'ram:PayeeSpecifiedCreditorFinancialInstitution': credited && full ? wrapped('ram:BICID', bank?.bic) : undefined,
  };
}

function taxBreakdown({ exemptions }: Invoice, { taxes }: Totals, style: CiiStyle): Element[] {
  return taxes.map(({ category, percent, base, amount: tax }) => {
    const why = category === 'S' || category === 'Z' ? undefined : (exemptions?.[category] ?? EXEMPTIONS[category]);
    return {
      'ram:CalculatedAmount': amount(tax, style),
      'ram:TypeCode': 'VAT',
      'ram:ExemptionReason': why?.reason,
      'ram:BasisAmount': amount(base, style),
      'ram:CategoryCode': category,
      'ram:ExemptionReasonCode': why?.code,
      'ram:RateApplicablePercent': category === 'O' ? undefined : plain(percent),
    };
  });
}

function adjustments({ allowances = [], charges = [] }: Invoice, totals: Totals, style: CiiStyle): Element[] {
  const write = (items: typeof allowances, amounts: Totals['charges'], isCharge: boolean) =>
    items.map((item, index) => {
      const tax = tradeTax(categoryOf(item), item.taxPercent);
      return allowanceCharge({ ...item, actual: amounts[index]!.amount, base: totals.subtotal }, isCharge, style, tax);
    });
  return [...write(allowances, totals.allowances, false), ...write(charges, totals.charges, true)];
}

function summation({ currency, allowances, charges, prepaid }: Invoice, totals: Totals, style: CiiStyle): Element {
  return {
    'ram:LineTotalAmount': amount(totals.subtotal, style),
    'ram:ChargeTotalAmount': charges ? amount(totals.chargeTotal, style) : undefined,
    'ram:AllowanceTotalAmount': allowances ? amount(totals.allowanceTotal, style) : undefined,
    'ram:TaxBasisTotalAmount': amount(totals.net, style),
    'ram:TaxTotalAmount': attributed(amount(totals.tax, style), { currencyID: currency }),
    'ram:GrandTotalAmount': amount(totals.gross, style),
    'ram:TotalPrepaidAmount': prepaid ? amount(totals.prepaid, style) : undefined,
    'ram:DuePayableAmount': amount(totals.due, style),
  };
}
