import { minorUnit } from '@tandem/contracts/currency';
import { categoryOf } from '@tandem/contracts/en16931';
import type { Invoice, InvoiceLine } from '@tandem/contracts/invoice';
import type { FacturXProfile } from '@tandem/contracts/make-invoice';
import XMLBuilder from 'fast-xml-builder';
import {
  allowanceCharge,
  amount,
  attributed,
  type CiiStyle,
  dated,
  day,
  type Element,
  plain,
  postalAddress,
  tradeParty,
  tradeTax,
  wrapped,
} from './cii-parts.js';
import { tradeSettlement } from './cii-settlement.js';
import type { LineTotals, Totals } from './compute-totals.js';

const UNECE = 'urn:un:unece:uncefact:data:standard:';
const GUIDELINES: Record<FacturXProfile, string> = {
  basic: 'urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basic',
  en16931: 'urn:cen.eu:en16931:2017',
};
/** UNTDID 1001. */
const TYPES = { invoice: '380', 'credit-note': '381', 'corrected-invoice': '384' };
const PIECE = 'C62';

const builder = new XMLBuilder({ ignoreAttributes: false, format: true, suppressEmptyNode: true });

/**
 * The invoice as Cross Industry Invoice (CII D22B), as Factur-X 1.0 and ZUGFeRD 2 have it, in one of their profiles. Element
 * order is that of their schema. What a profile has no place for stands in the PDF only.
 */
export function ciiXml(invoice: Invoice, totals: Totals, profile: FacturXProfile): string {
  const style: CiiStyle = { profile, digits: minorUnit(invoice.currency) };
  return builder.build({
    '?xml': { '@_version': '1.0', '@_encoding': 'UTF-8' },
    'rsm:CrossIndustryInvoice': {
      '@_xmlns:rsm': `${UNECE}CrossIndustryInvoice:100`,
      '@_xmlns:ram': `${UNECE}ReusableAggregateBusinessInformationEntity:100`,
      '@_xmlns:qdt': `${UNECE}QualifiedDataType:100`,
      '@_xmlns:udt': `${UNECE}UnqualifiedDataType:100`,
      'rsm:ExchangedDocumentContext': {
        'ram:GuidelineSpecifiedDocumentContextParameter': { 'ram:ID': GUIDELINES[profile] },
      },
      'rsm:ExchangedDocument': {
        'ram:ID': invoice.number,
        'ram:TypeCode': TYPES[invoice.type ?? 'invoice'],
        'ram:IssueDateTime': day(invoice.issueDate),
        'ram:IncludedNote': [
          ...(invoice.notes ? [{ 'ram:Content': invoice.notes }] : []),
          ...(invoice.mentions ?? []).map(({ code, text }) => ({ 'ram:Content': text, 'ram:SubjectCode': code })),
        ],
      },
      'rsm:SupplyChainTradeTransaction': {
        'ram:IncludedSupplyChainTradeLineItem': invoice.lines.map((line, index) =>
          lineItem(line, totals.lines[index]!, index, style),
        ),
        'ram:ApplicableHeaderTradeAgreement': agreement(invoice, style),
        'ram:ApplicableHeaderTradeDelivery': delivery(invoice),
        'ram:ApplicableHeaderTradeSettlement': tradeSettlement(invoice, totals, style),
      },
    },
  });
}

function lineItem(line: InvoiceLine, { gross, discount, net }: LineTotals, index: number, style: CiiStyle): Element {
  const full = style.profile === 'en16931';
  const allowance = { reason: 'Discount', percent: line.discountPercent, actual: discount, base: gross };
  return {
    'ram:AssociatedDocumentLineDocument': { 'ram:LineID': String(index + 1) },
    'ram:SpecifiedTradeProduct': {
      'ram:SellerAssignedID': full ? line.reference : undefined,
      'ram:Name': line.description,
      'ram:Description': full ? line.details : undefined,
    },
    'ram:SpecifiedLineTradeAgreement': {
      'ram:NetPriceProductTradePrice': { 'ram:ChargeAmount': plain(line.unitPrice) },
    },
    'ram:SpecifiedLineTradeDelivery': {
      'ram:BilledQuantity': attributed(plain(line.quantity), { unitCode: line.unit ?? PIECE }),
    },
    'ram:SpecifiedLineTradeSettlement': {
      'ram:ApplicableTradeTax': tradeTax(categoryOf(line), line.taxPercent),
      'ram:SpecifiedTradeAllowanceCharge': line.discountPercent ? allowanceCharge(allowance, false, style) : undefined,
      'ram:SpecifiedTradeSettlementLineMonetarySummation': { 'ram:LineTotalAmount': amount(net, style) },
    },
  };
}

function agreement({ seller, buyer, orderNumber, contractNumber }: Invoice, style: CiiStyle): Element {
  return {
    'ram:BuyerReference': buyer.reference,
    'ram:SellerTradeParty': tradeParty(seller, style),
    'ram:BuyerTradeParty': tradeParty(buyer, style),
    'ram:BuyerOrderReferencedDocument': wrapped('ram:IssuerAssignedID', orderNumber),
    'ram:ContractReferencedDocument': wrapped('ram:IssuerAssignedID', contractNumber),
  };
}

function delivery({ deliverTo, deliveryDate, buyer, lines }: Invoice): Element {
  // A supply within the EU must say to which country (BR-IC-12).
  const within = lines.some((line) => categoryOf(line) === 'K');
  const place = deliverTo ?? (within ? buyer.address : undefined);
  return {
    'ram:ShipToTradeParty': place ? { 'ram:PostalTradeAddress': postalAddress(place) } : undefined,
    'ram:ActualDeliverySupplyChainEvent': deliveryDate ? { 'ram:OccurrenceDateTime': dated(deliveryDate) } : undefined,
  };
}
