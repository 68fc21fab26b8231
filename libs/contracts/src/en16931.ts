import { minorUnit } from './currency.js';
import type { Invoice, InvoiceLine, TaxCategory } from './invoice.js';

type Path = (string | number)[];
type Refuse = (path: Path, message: string) => void;

/** The VAT category of a line, an allowance or a charge. */
export function categoryOf({ taxPercent, taxCategory }: Pick<InvoiceLine, 'taxPercent' | 'taxCategory'>): TaxCategory {
  return taxCategory ?? (taxPercent === 0 ? 'Z' : 'S');
}

/**
 * The business rules of EN 16931 that an {@link Invoice} can break. The others hold by its form, or because sums are
 * computed. Calls `refuse` for each breach, with the field that mends it and the rule's name.
 */
export function checkEn16931(invoice: Invoice, refuse: Refuse): void {
  checkParties(invoice, refuse);
  checkTaxes(invoice, refuse);
  checkPayment(invoice, refuse);
  if (minorUnit(invoice.currency) > 2)
    refuse(['currency'], `has ${minorUnit(invoice.currency)} decimals; EN 16931 allows two (BR-DEC-12)`);
  if (invoice.period && invoice.period.end < invoice.period.start)
    refuse(['period', 'end'], 'must not be before its start (BR-29)');
}

function checkParties({ seller }: Invoice, refuse: Refuse): void {
  if (!seller.legalId && !seller.vatId)
    refuse(
      ['seller', 'legalId'],
      'is needed, or vatId: who receives the invoice must be able to tell the seller (BR-CO-26)',
    );
}

function checkTaxes(invoice: Invoice, refuse: Refuse): void {
  const used = new Set<TaxCategory>();
  for (const name of ['lines', 'allowances', 'charges'] as const)
    for (const [index, item] of (invoice[name] ?? []).entries()) {
      const category = categoryOf(item);
      used.add(category);
      if (category === 'S' && item.taxPercent === 0)
        refuse([name, index, 'taxPercent'], 'must be above 0 in category S; Z and E are for no VAT (BR-S-05)');
      if (category !== 'S' && item.taxPercent !== 0)
        refuse([name, index, 'taxPercent'], `must be 0 in category ${category}`);
    }
  const needs = (categories: TaxCategory[], stands: unknown, path: Path, rule: string) => {
    const category = categories.find((one) => used.has(one));
    if (category && !stands) refuse(path, `is needed for VAT category ${category} (${rule})`);
  };
  const { seller, buyer, exemptions, deliveryDate, period } = invoice;
  needs(
    ['S', 'Z', 'E', 'AE'],
    seller.vatId || seller.taxId,
    ['seller', 'vatId'],
    'or taxId; BR-S-02, BR-Z-02, BR-E-02, BR-AE-02',
  );
  needs(['K', 'G'], seller.vatId, ['seller', 'vatId'], 'BR-IC-02, BR-G-02');
  needs(['AE'], buyer.vatId || buyer.legalId, ['buyer', 'vatId'], 'or legalId; BR-AE-02');
  needs(['K'], buyer.vatId, ['buyer', 'vatId'], 'BR-IC-02');
  needs(['K'], deliveryDate || period, ['deliveryDate'], 'or period; BR-IC-11');
  needs(['E'], exemptions?.E, ['exemptions', 'E'], 'BR-E-10');
  if (used.has('O')) checkOutsideOfVat(invoice, used, refuse);
}

function checkOutsideOfVat({ seller, buyer }: Invoice, used: Set<TaxCategory>, refuse: Refuse): void {
  if (used.size > 1) refuse(['lines'], 'must all be of VAT category O, or none (BR-O-11)');
  for (const [name, party] of Object.entries({ seller, buyer }))
    if (party.vatId) refuse([name, 'vatId'], 'must be left out where nothing is subject to VAT (BR-O-02)');
}

function checkPayment({ seller, payment, dueDate, terms, prepaid }: Invoice, refuse: Refuse): void {
  if (payment?.means === 'transfer' && !seller.bank?.iban && !seller.bank?.account)
    refuse(['seller', 'bank', 'iban'], 'is needed for payment by transfer (BR-61)');
  // Whether all is paid is known only when the sums are.
  if (!dueDate && !terms && !prepaid)
    refuse(['dueDate'], 'is needed, or terms, where something remains to be paid (BR-CO-25)');
}
